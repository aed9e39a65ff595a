import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from '../components/Icon'
import { t } from '../i18n/translate'
import { timeZone, zone } from '../settings/settings'
import { day, minute } from '../time/format'
import { fromMilliseconds, toMilliseconds } from '../time/nanoseconds'
import { parseDuration } from '../time/duration'
import { presets, type Range, type RangeSpec } from '../time/range'
import { setRange, useRange } from '../url/state'

function describe(spec: RangeSpec): string {
  if (spec.kind === 'relative') {
    const preset = presets.find((span) => span === spec.span)
    return preset ? t(`range.${preset}`) : t('range.last', { span: spec.span })
  }
  const [from, to] = [toMilliseconds(spec.from), toMilliseconds(spec.to)]
  const endDay = day(from) === day(to) ? '' : `${day(to)} `
  return `${day(from)} ${minute(from)} – ${endDay}${minute(to)}`
}

export function RangePicker() {
  const { spec, range } = useRange()
  const [open, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!open) return
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false)
    }
    document.addEventListener('pointerdown', outside)
    return () => document.removeEventListener('pointerdown', outside)
  }, [open])
  const choose = (next: RangeSpec) => {
    setOpen(false)
    setRange(next)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') setOpen(false)
  }
  return (
    <div class="range" ref={root} onKeyDown={onKeyDown}>
      <button class="button" aria-expanded={open} aria-haspopup="dialog" onClick={() => setOpen(!open)} title={t('range.title')}>
        <Icon name="clock" size={14} />
        <span class="num cut">{describe(spec)}</span>
        <Icon name="down" size={12} />
      </button>
      {open && (
        <div class="float range-panel" role="dialog" aria-label={t('range.title')}>
          <div class="presets">
            {presets.map((span) => (
              <button key={span} class="button plain small" aria-pressed={spec.kind === 'relative' && spec.span === span} onClick={() => choose({ kind: 'relative', span })}>
                {t(`range.${span}`)}
              </button>
            ))}
          </div>
          <Custom range={range} choose={choose} />
        </div>
      )}
    </div>
  )
}

// datetime-local fields speak wall-clock time of the chosen zone.
function toField(nanoseconds: bigint): string {
  const parts = new Intl.DateTimeFormat('sv-SE', { timeZone: timeZone.value, dateStyle: 'short', timeStyle: 'medium' })
  return parts.format(toMilliseconds(nanoseconds)).replace(' ', 'T')
}

function fromField(written: string): bigint | null {
  const milliseconds = Date.parse(zone.value === 'utc' ? `${written}Z` : written)
  return Number.isNaN(milliseconds) ? null : fromMilliseconds(milliseconds)
}

function Custom({ range, choose }: { range: Range; choose: (spec: RangeSpec) => void }) {
  const [from, setFrom] = useState(toField(range.from))
  const [to, setTo] = useState(toField(range.to))
  const [span, setSpan] = useState('')
  const start = fromField(from)
  const end = fromField(to)
  const valid = start !== null && end !== null && end > start
  const submit = (event: Event) => {
    event.preventDefault()
    if (parseDuration(span) !== null && span !== '') choose({ kind: 'relative', span })
    else if (valid) choose({ kind: 'absolute', from: start, to: end })
  }
  return (
    <form class="stack custom-range" onSubmit={submit}>
      <label>
        {t('range.span')}
        <input class="field" placeholder="90m" value={span} onInput={(event) => setSpan(event.currentTarget.value)} />
      </label>
      <label>
        {t('range.from')}
        <input class="field" type="datetime-local" step="1" value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
      </label>
      <label>
        {t('range.to')}
        <input class="field" type="datetime-local" step="1" value={to} onInput={(event) => setTo(event.currentTarget.value)} />
      </label>
      {!valid && <span class="error-text">{t('range.invalid')}</span>}
      <div class="row">
        <button type="button" class="button small" aria-pressed={zone.value === 'utc'} onClick={() => (zone.value = zone.value === 'utc' ? 'browser' : 'utc')}>
          {zone.value === 'utc' ? 'UTC' : timeZone.value}
        </button>
        <button class="button small primary push" type="submit" disabled={!valid && span === ''}>
          {t('range.apply')}
        </button>
      </div>
    </form>
  )
}
