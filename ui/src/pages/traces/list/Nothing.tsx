// Why the list is empty: no data yet, or what leaves nothing over, with what its removal would bring.

import { useLoad, useSql, useStatus } from '../../../api/query'
import { spanTotals } from '../../../api/tempo'
import { Icon } from '../../../components/Icon'
import { NoData } from '../../../components/Notice'
import { t } from '../../../i18n/translate'
import { appliesTo, type Filter } from '../../../sql/filter'
import { count } from '../../../time/format'
import type { Range } from '../../../time/range'
import { removeFilter, setRange } from '../../../url/state'
import { writeComparison, type Comparison } from '../query/comparison'
import { writeConjunction } from '../query/conjunction'
import type { PageQuery } from '../query/pageQuery'
import { applyText, useTypes } from '../query/usePageQuery'
import { withoutQuery } from './queries'

interface Culprit {
  label: string
  brings: number | null
  remove: () => void
}

const asked = 8 // conditions whose removal is tried

export function Nothing({ query, range }: { query: PageQuery; range: Range }) {
  const status = useStatus()
  const byFilter = useFilterCulprits(query, range)
  const byComparison = useComparisonCulprits(query, range)
  if (status.data?.signals.spans.rows === 0) return <NoData />
  const culprits = query.byTempo ? byComparison : byFilter
  const helpful = [...culprits].sort((left, right) => (right.brings ?? -1) - (left.brings ?? -1))
  const narrow = query.byTempo || culprits.length > 0
  return (
    <div class="notice">
      <Icon name="empty" size={26} />
      <strong>{t('notice.nothing')}</strong>
      <p>{t(narrow ? (culprits.some(({ brings }) => (brings ?? 0) > 0) ? 'traces.nothing.without' : 'notice.nothing.filters') : 'notice.nothing.range')}</p>
      <div class="row wrap">
        {helpful.map(({ label, brings, remove }) => (
          <button key={label} class="button small" onClick={remove}>
            <Icon name="close" size={13} /> <span class="cut">{label.slice(0, 80)}</span>
            {brings !== null && <span class="quiet num">{t('traces.nothing.brings', { n: brings, spans: count(brings) })}</span>}
          </button>
        ))}
        {query.byTempo && culprits.length === 0 && <ClearText />}
        <button class="button small" onClick={() => setRange({ kind: 'relative', span: '7d' })}>
          <Icon name="clock" size={13} /> {t('notice.widen')}
        </button>
      </div>
    </div>
  )
}

function ClearText() {
  const { typeOf } = useTypes()
  return (
    <button class="button small" onClick={() => applyText('', typeOf, [])}>
      <Icon name="close" size={13} /> {t('traces.query.clear')}
    </button>
  )
}

function useFilterCulprits(query: PageQuery, range: Range): Culprit[] {
  const filters = query.filters.filter((filter) => appliesTo(filter, 'spans'))
  const asks = !query.byTempo && filters.length > 0
  const answer = useSql(asks ? withoutQuery(range, filters).text : null)
  const counts = answer.data?.rows[0]
  return filters.map((filter, index) => ({ label: labelOf(filter), brings: counts ? Number(counts[index]) : null, remove: () => removeFilter(filter) }))
}

const labelOf = (filter: Filter): string => (filter.op === '?' ? `${filter.key} ?` : `${filter.key} ${filter.op} ${filter.value}`)

function useComparisonCulprits(query: PageQuery, range: Range): Culprit[] {
  const { typeOf } = useTypes()
  const comparisons = query.comparisons ?? []
  const others = (left: number): Comparison[] => comparisons.filter((_, index) => index !== left)
  const asks = query.byTempo && comparisons.length > 0 && query.filters.length === 0
  const counts = useLoad(
    ['traces-without', query.whole, String(range.from), String(range.to)],
    (signal) => Promise.all(comparisons.slice(0, asked).map(async (_, left) => {
      const answer = await spanTotals(`${writeConjunction(others(left))} | count_over_time()`, range, signal)
      return answer.series.reduce((sum, { value = 0 }) => sum + value, 0)
    })),
    { enabled: asks },
  )
  return comparisons.map((comparison, index) => ({
    label: writeComparison(comparison),
    brings: counts.data?.[index] ?? null,
    remove: () => applyText(writeConjunction(others(index)), typeOf, [...query.filters]),
  }))
}

