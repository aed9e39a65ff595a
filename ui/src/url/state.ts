// The URL is the state: range, filters and page parameters are read from and written to it.
import { signal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { useSearch } from 'wouter-preact'
import { parseFilter, sameFilter, writeFilter, type Filter } from '../sql/filter'
import { parseRange, resolveRange, writeRange, type Range, type RangeSpec } from '../time/range'
import { basePath } from './base'

// The moment that relative ranges end at; moves on refresh, so that a page asks one consistent question.
export const asOf = signal(Date.now())

export function refresh(): void {
  asOf.value = Date.now()
}

const currentParams = (): URLSearchParams => new URLSearchParams(location.search)

export function setParams(change: (params: URLSearchParams) => void, { replace = false } = {}): void {
  const params = currentParams()
  change(params)
  const search = params.toString()
  const address = location.pathname + (search ? `?${search}` : '')
  if (address === location.pathname + location.search) return
  if (replace) history.replaceState(null, '', address)
  else history.pushState(null, '', address)
}

export function useParams(): URLSearchParams {
  const search = useSearch()
  return useMemo(() => new URLSearchParams(search), [search])
}

export function useParam(name: string, fallback = ''): [string, (value: string, options?: { replace?: boolean }) => void] {
  const params = useParams()
  const set = (value: string, options?: { replace?: boolean }) =>
    setParams((next) => (value === '' || value === fallback ? next.delete(name) : next.set(name, value)), options)
  return [params.get(name) ?? fallback, set]
}

export function useRange(): { spec: RangeSpec; range: Range } {
  const params = useParams()
  const now = asOf.value
  return useMemo(() => {
    const spec = parseRange(params)
    return { spec, range: resolveRange(spec, now) }
  }, [params.get('range'), params.get('from'), params.get('to'), now])
}

export function setRange(spec: RangeSpec): void {
  asOf.value = Date.now()
  setParams((params) => writeRange(params, spec))
}

const readFilters = (params: URLSearchParams): Filter[] =>
  params.getAll('f').map(parseFilter).filter((filter) => filter !== null)

export function useFilters(): Filter[] {
  const params = useParams()
  return useMemo(() => readFilters(params), [params.getAll('f').join('\n')])
}

export function setFilters(filters: readonly Filter[]): void {
  setParams((params) => {
    params.delete('f')
    for (const filter of filters) params.append('f', writeFilter(filter))
  })
}

export function addFilter(filter: Filter): void {
  const filters = readFilters(currentParams())
  if (!filters.some((known) => sameFilter(known, filter))) setFilters([...filters, filter])
}

export function removeFilter(filter: Filter): void {
  setFilters(readFilters(currentParams()).filter((known) => !sameFilter(known, filter)))
}

const carried = ['range', 'from', 'to', 'f']

// A link inside Luneta that keeps the range, and the filters unless told otherwise.
export function linkTo(path: string, extra: Record<string, string> = {}, keep: readonly string[] = carried): string {
  const params = new URLSearchParams()
  for (const [name, value] of currentParams()) if (keep.includes(name)) params.append(name, value)
  for (const [name, value] of Object.entries(extra)) params.set(name, value)
  const search = params.toString()
  return path + (search ? `?${search}` : '')
}

export function withFilters(path: string, filters: readonly Filter[]): string {
  const params = new URLSearchParams()
  for (const [name, value] of currentParams()) if (name !== 'f' && carried.includes(name)) params.append(name, value)
  for (const filter of filters) params.append('f', writeFilter(filter))
  return `${path}?${params}`
}

// The address of this page with the range pinned, for sharing.
export function shareableAddress(): string {
  const params = currentParams()
  const spec = parseRange(params)
  const { from, to } = resolveRange(spec, asOf.value)
  if (params.has('range') || spec.kind === 'relative') writeRange(params, { kind: 'absolute', from, to })
  return `${location.origin}${location.pathname}?${params}`
}

export const pagePath = (): string => location.pathname.slice(basePath.length) || '/'
