import { useMemo } from 'preact/hooks'
import type { Filter } from '../../sql/filter'
import type { Range } from '../../time/range'
import { useFilters, useParam, useRange } from '../../url/state'
import { ofService } from './queries'

export interface ServiceScope {
  name: string
  range: Range
  filters: readonly Filter[] // those of the page, and the service
  seconds: number // length of the range
  compare: boolean // with the same hours of the day before
}

export function useScope(name: string): ServiceScope {
  const { range } = useRange()
  const pageFilters = useFilters()
  const [compare] = useParam('compare')
  return useMemo(
    () => ({ name, range, filters: ofService(pageFilters, name), seconds: Number(range.to - range.from) / 1e9, compare: compare === 'day' }),
    [name, range, pageFilters, compare],
  )
}
