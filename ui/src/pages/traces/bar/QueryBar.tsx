// The query of the page, as chips or as TraceQL: two views of the same.
import { useRef } from 'preact/hooks'
import { Icon } from '../../../components/Icon'
import { Segmented } from '../../../components/Tabs'
import type { Fault } from '../../../api/types'
import { t } from '../../../i18n/translate'
import { FilterBar } from '../../../shell/FilterBar'
import { useKeys } from '../../../shell/keys'
import type { Range } from '../../../time/range'
import { addFilter, removeFilter, setParams, useParam } from '../../../url/state'
import { comparisonsOf } from '../query/chips'
import { writeComparison, type Comparator, type Comparison } from '../query/comparison'
import { writeConjunction } from '../query/conjunction'
import { keptFilters, type PageQuery } from '../query/pageQuery'
import { applyText, useTypes } from '../query/usePageQuery'
import { TextView } from './TextView'

interface QueryBarProps {
  query: PageQuery
  range: Range
  fault: Fault | null
}

export function QueryBar({ query, range, fault }: QueryBarProps) {
  const [chosen] = useParam('as')
  const { typeOf } = useTypes()
  const beyond = query.byTempo && query.comparisons === null
  const asText = chosen === 'text' || (chosen === '' && beyond)
  const shown = query.byTempo || query.filters.length > 0 ? query.whole : ''
  const draft = useRef(shown)
  const show = (view: 'text' | 'chips') => {
    // What was typed and not run yet belongs to the query as well.
    if (asText && draft.current.trim() !== shown.trim()) applyText(draft.current, typeOf, keptFilters(query))
    setParams((params) => {
      params.set('as', view)
    }, { replace: true })
  }
  useKeys({ t: () => show(asText ? 'chips' : 'text'), ...(asText ? {} : { '/': () => show('text') }) })
  const views = (
    <span title={`${t('traces.query.switch')} (t)`}>
      <Segmented
        label={t('traces.query.view')} selected={asText ? 'text' : 'chips'} onSelect={show}
        items={[{ id: 'chips', label: t('traces.query.chips') }, { id: 'text', label: 'TraceQL' }]}
      />
    </span>
  )
  if (asText) {
    // The text is shown from here on whatever becomes of it, until chips are asked for.
    const run = (text: string) => {
      setParams((params) => params.set('as', 'text'), { replace: true })
      applyText(text, typeOf, keptFilters(query))
    }
    return (
      <div class="filterbar traceql-bar" role="group" aria-label={t('traces.query')}>
        {views}
        <TextView text={shown} range={range} fault={fault} onDraft={(text) => (draft.current = text)} onRun={run} />
        <Unwritten query={query} />
      </div>
    )
  }
  return (
    <FilterBar signal="spans">
      {views}
      <ErrorsSwitch query={query} />
      {query.byTempo && <Unwritten query={query} />}
      {beyond && <Beyond text={query.text} edit={() => show('text')} fault={fault} />}
      {query.comparisons?.map((comparison, index) => (
        <ComparisonChip key={writeComparison(comparison)} comparison={comparison} change={(changed) => {
          const next = query.comparisons?.flatMap((one, at) => (at !== index ? [one] : changed ? [changed] : [])) ?? []
          applyText(writeConjunction([...next, ...comparisonsOf(query.filters, typeOf).comparisons]), typeOf, keptFilters(query))
        }} />
      ))}
    </FilterBar>
  )
}

function ErrorsSwitch({ query }: { query: PageQuery }) {
  const only = query.filters.find(({ key, op, value }) => key === 'status' && value === 'ERROR' && op === '=')
  const toggle = () => (only ? removeFilter(only) : addFilter({ key: 'status', op: '=', value: 'ERROR' }))
  return (
    <button class="button small" aria-pressed={Boolean(only)} onClick={toggle}>
      <Icon name="error" size={13} /> {t('traces.withErrors')}
    </button>
  )
}

// Filters without words in TraceQL: SQL knows them, Tempo's API does not.
function Unwritten({ query: { unwritten, byTempo } }: { query: PageQuery }) {
  if (unwritten.length === 0) return null
  const filters = unwritten.map(({ key }) => key).join(', ')
  return <p class={`traceql-aside ${byTempo ? 'warns' : ''}`}>{t(byTempo ? 'traces.query.leftOut' : 'traces.query.unwritten', { n: unwritten.length, filters })}</p>
}

// Text that says more than chips can.
function Beyond({ text, edit, fault }: { text: string; edit: () => void; fault: Fault | null }) {
  return (
    <>
      <button class="chip text-chip" onClick={edit} title={t('traces.query.beyond')}>
        {fault && <Icon name="error" size={13} label={t('trace.error')} />}
        <span class="mono cut">{text}</span>
      </button>
      <span class={`beyond-note ${fault ? 'error-text' : 'quiet'}`}>{fault ? fault.message : t('traces.query.beyond')}</span>
    </>
  )
}

const opposites: Record<Comparator, Comparator> = { '=': '!=', '!=': '=', '=~': '!~', '!~': '=~', '>': '<=', '<=': '>', '>=': '<', '<': '>=' }

function ComparisonChip({ comparison, change }: { comparison: Comparison; change: (changed: Comparison | null) => void }) {
  const text = writeComparison(comparison)
  return (
    <span class="chip">
      <span class="cut mono" title={text}>{text}</span>
      <button onClick={() => change({ field: comparison.field, value: comparison.value, op: opposites[comparison.op] })} aria-label={t('filter.invert', { key: text })} title={t('filter.invert', { key: text })}>
        <Icon name="exclude" size={12} />
      </button>
      <button onClick={() => change(null)} aria-label={t('filter.remove', { key: text })}>
        <Icon name="close" size={12} />
      </button>
    </span>
  )
}
