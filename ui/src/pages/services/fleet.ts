// What is known of each service, put together from the answers of the queries.
import type { Row } from '../../api/client'
import type { SqlValue } from '../../api/types'
import { parseTime } from '../../time/nanoseconds'
import { bucketStarts, type Range } from '../../time/range'

export type ServiceState = 'receiving' | 'failing' | 'silent' | 'spanless'

export interface Red {
  total: number
  failed: number
  p50: number | null
  p95: number | null
  p99: number | null
  own: boolean // counts requests; without any, it counts spans
  entryKind: string | null
}

export interface Service extends Red {
  name: string
  state: ServiceState
  lastSeen: bigint
  silentFor: number // nanoseconds before the end of the range
  version: string | null
  versions: number
  logs: number
  points: number
}

export const silentAfter = 300e9
const failingShare = 0.05
const failingLeast = 5 // a single failure of a rarely used service is no outage

const numberOrNull = (value: SqlValue | undefined): number | null => (value === null || value === undefined ? null : Number(value))

export function readRed(row: Row | undefined): Red {
  const requests = Number(row?.['requests'] ?? 0)
  const own = requests > 0
  const quantiles = (row?.[own ? 'request_quantiles' : 'span_quantiles'] ?? []) as SqlValue[]
  return {
    total: own ? requests : Number(row?.['spans'] ?? 0),
    failed: Number(row?.[own ? 'failed' : 'span_errors'] ?? 0),
    p50: numberOrNull(quantiles[0]),
    p95: numberOrNull(quantiles[1]),
    p99: numberOrNull(quantiles[2]),
    own,
    entryKind: own ? String(row?.['entry_kind'] ?? 'SERVER') : null,
  }
}

export const isFailing = ({ total, failed }: { total: number; failed: number }): boolean => failed >= failingLeast && failed / total >= failingShare

export function judge(red: Red, silentFor: number): ServiceState {
  if (silentFor > silentAfter) return 'silent'
  if (red.total === 0) return 'spanless'
  return isFailing(red) ? 'failing' : 'receiving'
}

export function assemble(red: readonly Row[], presence: readonly Row[], range: Range): Service[] {
  const reds = new Map(red.map((row) => [String(row['service_name'] ?? ''), row]))
  const known = new Map(presence.map((row) => [String(row['service_name'] ?? ''), row]))
  const names = new Set([...reds.keys(), ...known.keys()])
  return [...names].map((name) => {
    const row = reds.get(name)
    const seen = known.get(name)
    const figures = readRed(row)
    const lastSeen = parseTime(String(seen?.['last_seen'] ?? row?.['last_seen']))
    const silentFor = Number(range.to - lastSeen)
    const version = row?.['version']
    return {
      ...figures, name, lastSeen, silentFor,
      state: judge(figures, silentFor),
      version: version === null || version === undefined ? null : String(version),
      versions: Number(row?.['versions'] ?? 0),
      logs: Number(seen?.['logs'] ?? 0),
      points: Number(seen?.['points'] ?? 0),
    }
  })
}

export interface Trend {
  values: number[]
  errors: number[]
}

export function readTrends(rows: readonly Row[], range: Range, seconds: number): Map<string, Trend> {
  const starts = bucketStarts(range, seconds)
  const place = new Map(starts.map((start, index) => [start, index]))
  const own = new Set(rows.filter((row) => Number(row['requests']) > 0).map((row) => String(row['service_name'] ?? '')))
  const trends = new Map<string, Trend>()
  for (const row of rows) {
    const name = String(row['service_name'] ?? '')
    const index = place.get(Number(row['second']))
    if (index === undefined) continue
    const trend = trends.get(name) ?? { values: new Array<number>(starts.length).fill(0), errors: new Array<number>(starts.length).fill(0) }
    trend.values[index] = Number(row[own.has(name) ? 'requests' : 'spans'])
    trend.errors[index] = Number(row[own.has(name) ? 'failed' : 'span_errors'])
    trends.set(name, trend)
  }
  return trends
}

export function search(services: readonly Service[], typed: string, state: string): Service[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  return services.filter((service) => {
    if (state !== '' && service.state !== state) return false
    const text = `${service.name} ${service.version ?? ''}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
}
