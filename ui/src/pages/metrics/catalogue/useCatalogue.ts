import { useMemo } from 'preact/hooks'
import { toObjects } from '../../../api/client'
import { useLoad, useSql } from '../../../api/query'
import type { Fault } from '../../../api/types'
import { metadata, values } from '../../../promql/client'
import { secondsOf } from '../../../promql/steps'
import { matchersOf, selector } from '../../../promql/text'
import { sql, type Sql } from '../../../sql/escape'
import { filterConditions, where, type Filter } from '../../../sql/filter'
import { within } from '../../../sql/range'
import type { Range } from '../../../time/range'
import { families, type Family } from './families'

export const namesMost = 20_000
const countsMost = 20_000

export function countsQuery(range: Range, filters: readonly Filter[]): Sql {
  return sql`SELECT metric_name, type, unit, is_monotonic, count(DISTINCT series) AS series
FROM metrics
${where([within('time', range), ...filterConditions(filters, 'metrics')])}
GROUP BY 1, 2, 3, 4
LIMIT 20000`
}

// What is counted of spans has labels of its own, so a filter is asked twice.
function matching(filters: readonly Filter[]): string[] {
  const points = matchersOf(filters, '')
  const spans = matchersOf(filters, 'traces_spanmetrics_')
  if (points.length === 0) return []
  return [selector('', [{ label: '__name__', op: '!~', value: 'traces_(?:spanmetrics|service_graph)_.*' }, ...points]), selector('', [{ label: '__name__', op: '=~', value: 'traces_(?:spanmetrics|service_graph)_.+' }, ...spans])]
}

export interface Catalogue {
  all: readonly Family[] | null
  full: boolean
  query: Sql
  fault: Fault | null
  fetching: boolean
  refetch: () => void
}

export function useCatalogue(range: Range, filters: readonly Filter[]): Catalogue {
  const span = { start: secondsOf(range.from), end: secondsOf(range.to) }
  const names = useLoad(['promql', 'names', span.start, span.end, filters], async (signal) => (await values('__name__', { ...span, match: matching(filters), limit: namesMost }, { signal })).data)
  const described = useLoad(['promql', 'metadata'], async (signal) => (await metadata({}, { signal })).data)
  const query = countsQuery(range, filters)
  const counts = useSql(query.text, { limit: countsMost })
  const all = useMemo(() => (names.data && described.data ? families(names.data, described.data, counts.data ? toObjects(counts.data) : []) : null), [names.data, described.data, counts.data])
  return {
    all, query, full: (names.data?.length ?? 0) >= namesMost, fault: names.fault ?? described.fault, fetching: names.fetching || described.fetching || counts.fetching,
    refetch: () => { names.refetch(); described.refetch(); counts.refetch() },
  }
}
