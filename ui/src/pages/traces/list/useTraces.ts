// The traces of the list: from SQL where the query is made of filters; else those that Tempo's API
// finds, with the same columns from SQL.
import { useMemo } from 'preact/hooks'
import { toObjects } from '../../../api/client'
import { useLoad, useSql } from '../../../api/query'
import { searchPath, searchTraces, type SearchAnswer } from '../../../api/tempo'
import type { Fault } from '../../../api/types'
import type { Sql } from '../../../sql/escape'
import type { Range } from '../../../time/range'
import type { PageQuery } from '../query/pageQuery'
import { detailsQuery, listQuery, type Sort } from './queries'
import { joined, readRow, sortRows, type TraceRow } from './rows'

export interface Traces {
  rows: readonly TraceRow[]
  known: boolean
  full: boolean // as many as were asked for: there may be more
  most: boolean // no more can be asked for
  inspected: number | null // traces looked into before the search gave up
  fault: Fault | null
  fetching: boolean
  refetch: () => void
  sql: Sql | null
  traceql: { query: string; path: string } | null
}

const tempoMost = 1000
const spansShown = 20

export function useTraces(query: PageQuery, range: Range, sort: Sort, wanted: number, enabled: boolean): Traces {
  const limit = query.byTempo ? Math.min(wanted, tempoMost) : wanted
  const list = listQuery(range, query.filters, sort, limit)
  const listed = useSql(query.byTempo ? null : list.text, { limit, enabled })
  const options = { limit, spans: spansShown }
  const found = useLoad(['traces-search', query.whole, String(range.from), String(range.to), limit], (signal) => searchTraces(query.whole, range, options, signal), { enabled: enabled && query.byTempo })
  const details = useSql(useMemo(() => detailsOf(query.byTempo ? found.data : undefined), [query.byTempo, found.data]), { limit: tempoMost })
  const rows = useMemo(() => {
    if (!query.byTempo) return (listed.data ? toObjects(listed.data) : []).map(readRow)
    return sortRows(joined(found.data?.traces ?? [], details.data ? toObjects(details.data) : []), sort)
  }, [query.byTempo, listed.data, found.data, details.data, sort])
  const used = query.byTempo ? found : listed
  const inspected = found.data && found.data.metrics.completedJobs < found.data.metrics.totalJobs ? found.data.metrics.inspectedTraces : null
  return {
    rows,
    known: used.data !== undefined,
    full: rows.length >= limit,
    most: query.byTempo && limit >= tempoMost,
    inspected: query.byTempo ? inspected : null,
    fault: used.fault,
    fetching: used.fetching || details.fetching,
    refetch: used.refetch,
    sql: query.byTempo ? null : list,
    traceql: query.byTempo ? { query: query.whole, path: searchPath(query.whole, range, options) } : null,
  }
}

function detailsOf(found: SearchAnswer | undefined): string | null {
  if (!found || found.traces.length === 0) return null
  const starts = found.traces.map(({ startTimeUnixNano }) => BigInt(startTimeUnixNano))
  const ends = found.traces.map(({ startTimeUnixNano, durationMs }) => BigInt(startTimeUnixNano) + BigInt(durationMs + 1) * 1_000_000n)
  const first = starts.reduce((least, start) => (start < least ? start : least))
  const last = ends.reduce((most, end) => (end > most ? end : most))
  return detailsQuery(found.traces.map(({ traceID }) => traceID), first, last).text
}
