// One attribute: its values on both sides, as pairs of bars.
import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { useLoad } from '../../../api/query'
import { Icon } from '../../../components/Icon'
import { Gate } from '../../../components/Notice'
import { ServiceName } from '../../../components/Service'
import { ShowQuery } from '../../../components/ShowQuery'
import { Value } from '../../../components/Value'
import { t } from '../../../i18n/translate'
import { compact, count, duration, percent } from '../../../time/format'
import { linkTo } from '../../../url/state'
import { writeRegion } from '../plot/region'
import { fieldQuery, type ComparedField } from './queries'
import { samplesOf, type SampleRequest } from './samples'
import { byDifference, type Ranked, type Share, type Sides } from './score'

interface CardProps {
  of: Ranked
  sides: Sides
  request: SampleRequest
  field: ComparedField | undefined
  linked: boolean // whether more than one example of a value can be asked for
}

const shownFirst = 4

export function DifferenceCard({ of: difference, sides, request, field, linked }: CardProps) {
  const [all, setAll] = useState(false)
  const rows = byDifference(withMissing(difference, sides), sides)
  const most = Math.max(...rows.map(({ inside, outside }) => Math.max(inside / Math.max(1, sides.inside), outside / Math.max(1, sides.outside))), 0.001)
  const shown = all ? rows : rows.slice(0, shownFirst)
  const { region, source } = request
  const scope = difference.field.startsWith('resource:') ? 'resource' : difference.field.startsWith('scope:') ? 'scope' : null
  return (
    <article class="difference" aria-label={difference.label}>
      <header>
        <h3 class="mono cut" title={difference.label}>{difference.label}</h3>
        {scope && <span class="tag">{scope}</span>}
        <span class="push" />
        <span class="score num" title={t('traces.compare.score.title')}>
          <i style={{ width: `${Math.max(2, difference.score * 100)}%` }} />
          <em>{percent(difference.score)}</em>
        </span>
        {field && source && <ShowQuery query={fieldQuery(source, region, field, sides)} />}
      </header>
      <ul>
        {shown.map((share) => (
          <ValueRow key={share.value === '' ? '∅' : share.value} of={difference} share={share} sides={sides} most={most} request={request} linked={linked} />
        ))}
      </ul>
      {rows.length > shownFirst && (
        <button class="button small plain" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t('traces.compare.fewer') : t('traces.compare.more', { n: rows.length - shownFirst })}
        </button>
      )}
      {all && difference.distinct !== null && difference.distinct > difference.values.length && (
        <p class="quiet">{t('traces.compare.capped', { n: difference.values.length, all: count(difference.distinct) })}</p>
      )}
      {all && difference.distinct === null && <p class="quiet">{t('traces.compare.cappedSome', { n: difference.values.length })}</p>}
    </article>
  )
}

// Spans without the attribute are a value too.
function withMissing(difference: Ranked, sides: Sides): Share[] {
  const missing: Share = { value: '', inside: Math.max(0, sides.inside - difference.inside), outside: Math.max(0, sides.outside - difference.outside), example: null, counter: null }
  return missing.inside + missing.outside > 0 ? [...difference.values, missing] : difference.values
}

interface ValueRowProps {
  of: Ranked
  share: Share
  sides: Sides
  most: number // the largest share of the card, which fills a bar
  request: SampleRequest
  linked: boolean
}

function ValueRow({ of: { field }, share, sides, most, request, linked }: ValueRowProps) {
  const [open, setOpen] = useState(false)
  const { value, inside, outside, example, counter } = share
  const [insideShare, outsideShare] = [inside / Math.max(1, sides.inside), outside / Math.max(1, sides.outside)]
  const samples = linked && value !== '' && inside > 0
  const trace = example ?? counter
  return (
    <li>
      <span class="value-name">
        <Value field={field} value={value} class="mono">
          {value === '' ? <i>{t('traces.compare.missing')}</i> : value.slice(0, 160)}
        </Value>
      </span>
      <span class="pair" aria-hidden="true">
        <i class="inside" style={{ width: `${(insideShare / most) * 100}%` }} />
        <i class="outside" style={{ width: `${(outsideShare / most) * 100}%` }} />
      </span>
      <span class="pair-numbers num">
        <span title={t('traces.compare.inside', { n: inside })}>
          <span class="visually-hidden">{t('traces.compare.selection')}: </span>
          {percent(insideShare)} <small>{compact(inside)}</small>
        </span>
        <span class="quiet" title={t('traces.compare.outside', { n: outside })}>
          <span class="visually-hidden">{t('traces.compare.rest')}: </span>
          {percent(outsideShare)} <small>{compact(outside)}</small>
        </span>
      </span>
      {samples ? (
        <button class="button small icon plain" aria-expanded={open} onClick={() => setOpen(!open)} title={t('traces.compare.samples')} aria-label={`${t('traces.compare.samples')}: ${value.slice(0, 80)}`}>
          <Icon name="trace" size={13} />
        </button>
      ) : trace ? (
        <Link class="button small icon plain" href={linkTo(`/trace/${trace}`)} title={t(example ? 'traces.compare.sample' : 'traces.compare.sampleRest')} aria-label={`${t(example ? 'traces.compare.sample' : 'traces.compare.sampleRest')}: ${value.slice(0, 80)}`}>
          <Icon name="trace" size={13} />
        </Link>
      ) : <span />}
      {open && <Samples field={field} share={share} request={request} />}
    </li>
  )
}

function Samples({ field, share, request }: { field: string; share: Share; request: SampleRequest }) {
  const { query, range, region, source } = request
  const key = ['compare-samples', query.whole, source?.text, String(range.from), String(range.to), writeRegion(region), field, share.value]
  const loaded = useLoad(key, (signal) => samplesOf(request, field, share, signal))
  return (
    <div class="samples">
      <Gate of={loaded} height={40}>
        {(samples) => (
          <ul>
            {samples.map(({ trace, span, name, service, duration: lasted }) => (
              <li key={trace + span} class="row">
                <ServiceName name={service} />
                <Link class="trace-name cut" href={linkTo(`/trace/${trace}`, { span })}>{name || span}</Link>
                <span class="num push">{duration(lasted)}</span>
              </li>
            ))}
            {samples.length === 0 && <li class="quiet">{t('traces.compare.noSamples')}</li>}
          </ul>
        )}
      </Gate>
    </div>
  )
}
