// The calls of a map: from counts where they can tell, else from single spans.
import { useEffect, useMemo, useState } from 'preact/hooks'
import { toObjects, type Row } from '../../api/client'
import { useSql, type Loaded } from '../../api/query'
import type { Sql } from '../../sql/escape'
import { countedEdgesQuery, endsQuery } from './counted'
import { tracesOfEnds } from './ends'
import { arrivalsQuery, edgesLimit, edgesQuery, mapIsCounted, type MapScope, type Side } from './queries'

export interface Edges extends Loaded<Row[]> {
  query: Sql
  ends: Row[]
  cut: boolean
}

// Requests from outside are found among single spans. A map is not laid out twice where that takes a moment, and not held
// up where it takes long.
const patienceMs = 1500

const limit = { limit: edgesLimit }
const none: Row[] = []

export function useEdges(scope: MapScope, side: Side = 'all', service = ''): Edges {
  const counted = mapIsCounted(scope)
  const query = counted ? countedEdgesQuery(scope.range, side, service) : edgesQuery(scope, side, service)
  const loaded = useSql(query.text, limit)
  const arrivals = useSql(counted && side !== 'down' ? arrivalsQuery(scope.range, service).text : null, limit)
  const rows = useMemo(() => (loaded.data ? toObjects(loaded.data) : null), [loaded.data])
  const traces = useMemo(() => (counted && rows ? tracesOfEnds(rows) : []), [counted, rows])
  const ends = useSql(traces.length > 0 ? endsQuery(scope.range, traces).text : null, limit)
  const waited = usePatience(loaded.data !== undefined && arrivals.loading)
  const data = useMemo(() => {
    if (!rows || (arrivals.loading && !waited)) return undefined
    return counted && arrivals.data ? [...rows, ...toObjects(arrivals.data)] : rows
  }, [rows, arrivals.data, arrivals.loading, waited, counted])
  return {
    query,
    data,
    loading: data === undefined,
    ends: useMemo(() => (counted && ends.data ? toObjects(ends.data) : none), [ends.data, counted]),
    fault: loaded.fault ?? arrivals.fault,
    fetching: loaded.fetching || arrivals.fetching,
    cut: (loaded.data?.rows.length ?? 0) >= edgesLimit,
    refetch: () => { loaded.refetch(); if (arrivals.fault) arrivals.refetch() },
  }
}

// True once `waiting` has lasted.
function usePatience(waiting: boolean): boolean {
  const [over, setOver] = useState(false)
  useEffect(() => {
    if (!waiting) return setOver(false)
    const timer = setTimeout(() => setOver(true), patienceMs)
    return () => clearTimeout(timer)
  }, [waiting])
  return over
}
