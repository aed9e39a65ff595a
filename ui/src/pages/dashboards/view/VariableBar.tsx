// One control per variable: a list to choose from, several of it where allowed, or words.
import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { allValues } from '../model/document'
import type { Resolved } from '../variables/resolve'
import { pick } from './useVariables'

export function VariableBar({ resolved }: { resolved: readonly Resolved[] }) {
  const shown = resolved.filter(({ variable }) => !variable.hidden && variable.type !== 'constant')
  if (shown.length === 0) return null
  return (
    <div class="filterbar dash-variables" role="group" aria-label={t('dash.variables')}>
      {shown.map((one) => (
        <div key={one.variable.name} class="dash-variable" title={one.variable.description ?? ''}>
          {one.variable.type === 'text' ? <TextChoice one={one} /> : one.variable.multi ? <ManyChoice one={one} /> : <OneChoice one={one} />}
          {one.fault && <span class="tag error" title={one.fault.message}><Icon name="error" size={12} label={one.fault.message} /></span>}
        </div>
      ))}
    </div>
  )
}

const nameOf = ({ variable }: Resolved): string => variable.label ?? variable.name

function textOf(one: Resolved, value: string): string {
  if (value === allValues) return t('dash.all')
  return one.options.find((option) => option.value === value)?.text ?? value
}

function TextChoice({ one }: { one: Resolved }) {
  const [written, write] = useState(one.picked[0] ?? '')
  useEffect(() => write(one.picked[0] ?? ''), [one.picked[0]])
  const done = () => pick(one.variable.name, [written])
  return (
    <label>
      <span>{nameOf(one)}</span>
      <input class="field small" value={written} onInput={(event) => write(event.currentTarget.value)} onBlur={done} onKeyDown={(event) => event.key === 'Enter' && done()} />
    </label>
  )
}

function OneChoice({ one }: { one: Resolved }) {
  const { variable, options, picked } = one
  const chosen = picked[0] ?? ''
  const values = [...(variable.all ? [allValues] : []), ...options.map(({ value }) => value)]
  return (
    <label>
      <span>{nameOf(one)}</span>
      <select class="field small" value={chosen} onChange={(event) => pick(variable.name, [event.currentTarget.value])}>
        {!values.includes(chosen) && <option value={chosen}>{chosen || t('dash.none')}</option>}
        {values.map((value) => <option key={value} value={value}>{textOf(one, value)}</option>)}
      </select>
    </label>
  )
}

const listed = 200

function ManyChoice({ one }: { one: Resolved }) {
  const { variable, picked } = one
  const [open, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!open) return
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false)
    }
    document.addEventListener('pointerdown', outside)
    return () => document.removeEventListener('pointerdown', outside)
  }, [open])
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !open) return
    event.stopPropagation()
    setOpen(false)
    button.current?.focus()
  }
  const shown = picked.length === 0 ? t('dash.none') : picked.slice(0, 3).map((value) => textOf(one, value)).join(', ') + (picked.length > 3 ? ` +${picked.length - 3}` : '')
  return (
    <div class="dash-many" ref={root} onKeyDown={onKeyDown}>
      <span aria-hidden="true">{nameOf(one)}</span>
      <button ref={button} class="button small" aria-expanded={open} aria-haspopup="dialog" aria-label={`${nameOf(one)}: ${shown}`} onClick={() => setOpen(!open)}>
        <span class="cut">{shown}</span>
        <Icon name="down" size={12} />
      </button>
      {open && <Choices one={one} name={variable.name} />}
    </div>
  )
}

function Choices({ one, name }: { one: Resolved; name: string }) {
  const { variable, options, picked } = one
  const [search, setSearch] = useState('')
  const found = options.filter(({ text }) => text.toLowerCase().includes(search.toLowerCase()))
  const everything = picked.includes(allValues)
  const flip = (value: string, on: boolean) => {
    const before = everything ? [] : picked
    pick(name, on ? [...before, value] : before.filter((other) => other !== value))
  }
  return (
    <div class="float dash-choices" role="dialog" aria-label={nameOf(one)}>
      <input class="field small" autoFocus placeholder={t('dash.find')} aria-label={t('dash.find')} value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
      <div class="dash-choice-list">
        {variable.all && search === '' && (
          <label>
            <input type="checkbox" checked={everything} onChange={(event) => pick(name, event.currentTarget.checked ? [allValues] : options.slice(0, 1).map(({ value }) => value))} /> {t('dash.all')}
          </label>
        )}
        {found.slice(0, listed).map(({ value, text }) => (
          <label key={value}>
            <input type="checkbox" checked={!everything && picked.includes(value)} onChange={(event) => flip(value, event.currentTarget.checked)} /> <span class="cut">{text}</span>
          </label>
        ))}
        {found.length === 0 && <p class="quiet">{t('notice.nothing')}</p>}
        {found.length > listed && <p class="quiet">{t('dash.list.cut', { n: listed, total: found.length })}</p>}
      </div>
    </div>
  )
}
