import { useMemo } from 'preact/hooks'
import { useLoad } from '../../../api/query'
import type { Fault } from '../../../api/types'
import type { Labels } from '../../../promql/answer'
import { metadata, series, values } from '../../../promql/client'
import { secondsOf } from '../../../promql/steps'
import { matchersOf, selector } from '../../../promql/text'
import type { Filter } from '../../../sql/filter'
import type { Range } from '../../../time/range'
import type { Family } from '../catalogue/families'
import { kindOf, partOf } from '../automatic'
import { labelStats, type LabelStats } from '../labels'

export const seriesMost = 10_000

export interface MetricFacts {
  metric: Omit<Family, 'series'> | null // null until it is known
  exists: boolean // at whatever time
  fault: Fault | null
  fetching: boolean
  refetch: () => void
}

// A metric by its name: what is said of it, and in which parts it is stored.
export function useMetric(name: string): MetricFacts {
  const described = useLoad(['promql', 'metadata', name], async (signal) => (await metadata({ metric: name }, { signal })).data)
  const parts = useLoad(['promql', 'parts', name], async (signal) => {
    const match = ['', '_bucket', '_count', '_sum'].map((suffix) => selector(name + suffix))
    return (await values('__name__', { match }, { signal })).data
  })
  const metric = useMemo(() => {
    if (!described.data || !parts.data) return null
    const { type, unit = '', help = '' } = described.data[name]?.[0] ?? {}
    const kind = kindOf(name, type, new Set(parts.data))
    return { name, kind, type: kind === 'native' ? 'histogram' : kind, unit, help }
  }, [name, described.data, parts.data])
  const exists = (parts.data?.length ?? 0) > 0
  return { metric, exists, fault: described.fault ?? parts.fault, fetching: described.fetching || parts.fetching, refetch: () => { described.refetch(); parts.refetch() } }
}

export interface MetricSeries {
  all: readonly Labels[] | null
  labels: readonly LabelStats[]
  full: boolean // there are more than were asked for
  fault: Fault | null
}

export function useSeries(metric: Pick<Family, 'name' | 'kind'> | null, { from, to }: Range, filters: readonly Filter[]): MetricSeries {
  const match = metric ? selector(partOf(metric), matchersOf(filters, metric.name)) : ''
  const [start, end] = [secondsOf(from), secondsOf(to)]
  const found = useLoad(['promql', 'series', match, start, end], async (signal) => (await series({ match: [match], start, end, limit: seriesMost }, { signal })).data, { enabled: metric !== null })
  const labels = useMemo(() => labelStats(found.data ?? []), [found.data])
  return { all: found.data ?? null, labels, full: (found.data?.length ?? 0) >= seriesMost, fault: found.fault }
}
