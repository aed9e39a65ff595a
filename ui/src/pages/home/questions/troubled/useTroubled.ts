// One fetch for two questions: whose fault it was, and who got over it.
import { useMemo } from 'preact/hooks'
import { toObjects } from '../../../../api/client'
import { useSql, type Loaded } from '../../../../api/query'
import type { SqlAnswer } from '../../../../api/types'
import type { Sql } from '../../../../sql/escape'
import { useFilters, useRange } from '../../../../url/state'
import { firstFault, useSampling } from '../Question'
import type { Sampling } from '../sampling'
import { spansMost, troubledQuery } from './query'
import { plant, type Trees } from './spanTree'

interface Troubled {
  query: Sql | null
  loaded: Loaded<SqlAnswer>
  trees: Trees | null
  sampling: Sampling | null
}

export function useTroubled(): Troubled {
  const { range } = useRange()
  const filters = useFilters()
  const { sampling, sent, loaded: probe } = useSampling(range)
  const query = sampling && troubledQuery(range, filters, sampling.sampled, sent)
  const loaded = useSql(query?.text ?? null, { limit: spansMost })
  const trees = useMemo(() => (loaded.data ? plant(toObjects(loaded.data)) : null), [loaded.data])
  return { query, loaded: firstFault(probe, loaded), trees, sampling }
}
