// What the page keeps in its address besides range and filters.
import { useMemo } from 'preact/hooks'
import { parseTime, writeTime } from '../../time/nanoseconds'
import { setParams, shareableAddress, useParams } from '../../url/state'
import type { LogRecord } from './record'
import type { Start } from './usePages'

function useList(name: string): string[] {
  const params = useParams()
  return useMemo(() => params.getAll(name), [params.getAll(name).join('\0')])
}

export const useColumns = (): string[] => useList('col')
export const useFacets = (): string[] => useList('facet')

function toggle(name: string, value: string): void {
  setParams((params) => {
    const known = params.getAll(name)
    params.delete(name)
    for (const one of known.includes(value) ? known.filter((other) => other !== value) : [...known, value]) params.append(name, one)
  }, { replace: true })
}

export const toggleColumn = (field: string): void => toggle('col', field)
export const toggleFacet = (field: string): void => toggle('facet', field)

// Where the list begins: `at=` a time, `oldest`, or nothing for the newest.
export function useStart(): Start {
  const params = useParams()
  const written = params.get('at')
  return useMemo(() => readStart(written), [written])
}

export function readStart(written: string | null): Start {
  if (written === null) return 'newest'
  if (written === 'oldest') return 'oldest'
  try {
    return parseTime(written)
  } catch {
    return 'newest'
  }
}

export function setStart(start: Start): void {
  setParams((params) => {
    if (start === 'newest') params.delete('at')
    else params.set('at', typeof start === 'bigint' ? writeTime(start) : start)
  }, { replace: true })
}

// The address of the page as it is, at this record.
export function recordAddress({ time }: LogRecord): string {
  const address = new URL(shareableAddress())
  address.searchParams.set('at', writeTime(time))
  address.searchParams.delete('live')
  return address.href
}
