// The selection against the rest: every attribute, ranked by how much its values differ.
import { useMemo, useState } from 'preact/hooks'
import { searchPath, totalsPath } from '../../../api/tempo'
import { useSchema } from '../../../api/query'
import { Icon } from '../../../components/Icon'
import { Failed, Skeleton } from '../../../components/Notice'
import { t } from '../../../i18n/translate'
import { count } from '../../../time/format'
import type { Range } from '../../../time/range'
import type { Unit } from '../plot/queries'
import { describeRegion } from '../plot/RegionBar'
import { narrowedTo, windowOf, type Region } from '../plot/region'
import { useRegion } from '../plot/useRegion'
import type { PageQuery } from '../query/pageQuery'
import { ShowTraceql } from '../TraceqlQuery'
import { DifferenceCard } from './DifferenceCard'
import { compareQuery } from './compareAnswer'
import { fieldsToCompare } from './queries'
import { sampleOptions } from './sample'
import { differing, ranked } from './score'
import { useCompare, type Comparing } from './useCompare'
import './compare.css'

interface CompareProps {
  query: PageQuery
  range: Range
  unit: Unit
}

export function ComparePanel(props: CompareProps) {
  const [region] = useRegion()
  if (!region) {
    return (
      <div class="notice">
        <Icon name="target" size={26} />
        <strong>{t('traces.compare.none')}</strong>
        <p>{t('traces.compare.none.hint')}</p>
      </div>
    )
  }
  return <Comparison {...props} region={region} />
}

const pageOfCards = 24

function Comparison({ query, range, unit, region }: CompareProps & { region: Region }) {
  const schema = useSchema()
  const state = useCompare({ query, range, unit, region, keys: schema.data?.attribute_keys })
  const [shown, setShown] = useState(pageOfCards)
  const all = useMemo(() => ranked(state.distributions, state.counted), [state.distributions, state.counted])
  const different = all.filter(({ score }) => score >= differing)
  const fields = useMemo(() => new Map(fieldsToCompare(schema.data?.attribute_keys ?? [], region).fields.map((field) => [field.field, field])), [schema.data, region])
  const [alike, setAlike] = useState(false)
  if (schema.fault) return <Failed fault={schema.fault} retry={schema.refetch} />
  if (state.fault) return <Failed fault={state.fault} />
  const cards = (alike ? all : different).slice(0, shown)
  return (
    <div class="comparison" aria-busy={state.running}>
      <Sides state={state} region={region} range={range} query={query} />
      {state.running && cards.length === 0 && <Skeleton height={160} />}
      {!state.running && <Verdict state={state} differences={different.length} />}
      <div class="differences">
        {cards.map((difference) => (
          <DifferenceCard
            key={difference.field} of={difference} sides={state.counted} request={{ query, range, region, source: state.source }}
            field={fields.get(difference.field)} linked={state.how !== 'sample'}
          />
        ))}
      </div>
      <div class="row wrap compare-more">
        {(alike ? all : different).length > shown && (
          <button class="button small" onClick={() => setShown(shown + pageOfCards)}>{t('traces.compare.moreAttributes', { n: (alike ? all : different).length - shown })}</button>
        )}
        {all.length > different.length && !state.running && (
          <button class="button small plain" aria-pressed={alike} onClick={() => setAlike(!alike)}>{t(alike ? 'traces.compare.hideAlike' : 'traces.compare.showAlike', { n: all.length - different.length })}</button>
        )}
      </div>
    </div>
  )
}

function Sides({ state, region, range, query }: { state: Comparing; region: Region; range: Range; query: PageQuery }) {
  const { sides, counted, sampling, how, running, done, total, left, failed, warning } = state
  return (
    <header class="compare-head">
      <span class="side"><i class="inside" /> <b class="num">{count(sides.inside)}</b> {t('traces.compare.selection')} <span class="quiet num">{describeRegion(region, range)}</span></span>
      <span class="side"><i class="outside" /> <b class="num">{count(sides.outside)}</b> {t('traces.compare.rest')}</span>
      <span class="push" />
      {running && (
        <span class="row quiet num">
          {total > 0 ? <progress max={total} value={done} aria-label={t('traces.compare.progress')} /> : <progress aria-label={t('traces.compare.progress')} />}
          {total > 0 && how !== 'compare' && t(how === 'sql' ? 'traces.compare.done' : 'traces.compare.doneSteps', { done, total })}
        </span>
      )}
      {how === 'compare' && <ShowTraceql query={compareQuery(query.whole, region)} path={totalsPath(compareQuery(query.whole, region), range)} />}
      {how === 'sample' && <ShowTraceql query={narrowedTo(query.whole, region)} path={searchPath(narrowedTo(query.whole, region), windowOf(region, range), sampleOptions)} />}
      <p class="quiet">
        {how === 'sample' && t('traces.compare.sampled.found', { inside: count(counted.inside), outside: count(counted.outside) })}
        {how === 'compare' && t('traces.compare.by.compare')}
        {how === 'sql' && t('traces.compare.by.sql')}
        {sampling.inside > 1 && ` ${t('traces.compare.sampled.inside', { one: sampling.inside, counted: count(counted.inside) })}`}
        {sampling.outside > 1 && ` ${t('traces.compare.sampled.rest', { one: sampling.outside, counted: count(counted.outside) })}`}
        {left > 0 && ` ${t('traces.compare.left', { n: left })}`}
        {failed.length > 0 && ` ${t('traces.compare.failed', { n: failed.length, names: failed.slice(0, 3).join(', ') })}`}
        {warning && ` ${warning}`}
      </p>
    </header>
  )
}

function Verdict({ state: { counted }, differences }: { state: Comparing; differences: number }) {
  if (counted.inside === 0) return <p class="notice">{t('traces.compare.emptySelection')}</p>
  if (counted.outside === 0) return <p class="notice">{t('traces.compare.emptyRest')}</p>
  return differences === 0 ? <p class="notice">{t('traces.compare.same')}</p> : null
}
