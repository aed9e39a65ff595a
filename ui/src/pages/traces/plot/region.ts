// A selection of spans: a rectangle of time and duration, open where it has no bound, or all that failed.
import { all, identifier, integer, sql, timestamp, type Sql } from '../../../sql/escape'
import type { Range } from '../../../time/range'
import { narrowed } from '../query/pageQuery'

export interface Box {
  kind: 'box'
  from: bigint | null
  to: bigint | null
  low: number | null // nanoseconds, inclusive
  high: number | null // exclusive
}

export type Region = Box | { kind: 'errors' }

export const errorsRegion: Region = { kind: 'errors' }

const box = /^(\d*)\.\.(\d*),(\d*)\.\.(\d*)$/

export function parseRegion(written: string): Region | null {
  if (written === 'errors') return errorsRegion
  const match = box.exec(written)
  if (!match) return null
  const [from, to, low, high] = match.slice(1).map((part) => part || null)
  const region: Box = { kind: 'box', from: from ? BigInt(from) : null, to: to ? BigInt(to) : null, low: low ? Number(low) : null, high: high ? Number(high) : null }
  const open = region.from === null && region.to === null && region.low === null && region.high === null
  const empty = (region.from !== null && region.to !== null && region.from >= region.to) || (region.low !== null && region.high !== null && region.low >= region.high)
  return open || empty ? null : region
}

export function writeRegion(region: Region): string {
  if (region.kind === 'errors') return 'errors'
  const { from, to, low, high } = region
  return `${from ?? ''}..${to ?? ''},${low ?? ''}..${high ?? ''}`
}

export function regionCondition(region: Region): Sql {
  if (region.kind === 'errors') return sql`coalesce(status_code = 'ERROR', FALSE)`
  const [time, lasted] = [identifier('start_time'), identifier('duration_ns')]
  const conditions: Sql[] = []
  if (region.from !== null) conditions.push(sql`${time} >= ${timestamp(region.from)}`)
  if (region.to !== null) conditions.push(sql`${time} < ${timestamp(region.to)}`)
  if (region.low !== null) conditions.push(sql`${lasted} >= ${integer(region.low)}`)
  if (region.high !== null) conditions.push(sql`${lasted} < ${integer(region.high)}`)
  return all(conditions)
}

// What TraceQL says of the duration or the status; times are bounds of the question.
export function regionComparison(region: Region): string {
  if (region.kind === 'errors') return 'status = error'
  const parts: string[] = []
  if (region.low !== null) parts.push(`duration >= ${region.low}ns`)
  if (region.high !== null) parts.push(`duration < ${region.high}ns`)
  return parts.join(' && ')
}

export function narrowedTo(query: string, region: Region): string {
  const comparison = regionComparison(region)
  return comparison === '' ? query : narrowed(query, comparison)
}

export function windowOf(region: Region, range: Range): Range {
  if (region.kind === 'errors') return range
  return { from: region.from ?? range.from, to: region.to ?? range.to }
}

// A region that lies outside of the range selects nothing.
export function overlaps(region: Region, range: Range): boolean {
  const { from, to } = windowOf(region, range)
  return from < range.to && to > range.from
}
