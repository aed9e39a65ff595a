import { describe, expect, it } from 'vitest'
import type { Sql } from '../../sql/escape'
import type { Filter } from '../../sql/filter'
import { parseTime } from '../../time/nanoseconds'
import { edgesQuery, nodesQuery } from '../map/queries'
import { databaseQuery, errorsQuery, ofService, operationsQuery, redTrendQuery, runtimePointsQuery, runtimeSeriesQuery, versionRedQuery, versionsQuery } from '../service/queries'
import { lookback, presenceQuery, redQuery, trendsQuery } from './queries'

const range = { from: parseTime('2026-11-21T14:00:00Z'), to: parseTime('2026-11-21T15:00:00Z') }
const filters: Filter[] = ofService([{ key: 'user.id', op: '=', value: "o'brien" }], 'web')

// What is counted already answers these.
const counted: Filter[] = ofService([{ key: 'name', op: '=', value: "o'brien" }], 'web')

const queries: Record<string, Sql> = {
  'redQuery counted': redQuery(range, counted),
  'trendsQuery counted': trendsQuery(range, counted, 60),
  'redTrendQuery counted': redTrendQuery(range, counted, 60),
  'operationsQuery counted': operationsQuery(range, counted),
  'versionsQuery counted': versionsQuery(range, counted, 60),
  'versionRedQuery counted': versionRedQuery(range, counted),
  redQuery: redQuery(range, filters),
  presenceQuery: presenceQuery(range, filters),
  trendsQuery: trendsQuery(range, filters, 60),
  redTrendQuery: redTrendQuery(range, filters, 60),
  operationsQuery: operationsQuery(range, filters),
  versionsQuery: versionsQuery(range, filters, 60),
  versionRedQuery: versionRedQuery(range, filters),
  databaseQuery: databaseQuery(range, filters),
  errorsQuery: errorsQuery(range, filters),
  runtimeSeriesQuery: runtimeSeriesQuery(range, filters),
  runtimePointsQuery: runtimePointsQuery(range, filters, 60),
  nodesQuery: nodesQuery({ range, filters }),
  edgesQuery: edgesQuery({ range, filters }),
  'edgesQuery up': edgesQuery({ range, filters }, 'up', "o'brien"),
  'edgesQuery down': edgesQuery({ range, filters }, 'down', "o'brien"),
}

const amount = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length

describe('queries', () => {
  for (const [name, { text }] of Object.entries(queries)) {
    it(`${name} reads no table beyond the range, answers a bounded number of rows, and escapes`, () => {
      const tables = amount(text, /FROM "?(spans|span_metrics|logs|metrics)"?\b/g)
      expect(tables).toBeGreaterThan(0)
      expect(amount(text, /"(start_)?time" >= TIMESTAMP/g)).toBeGreaterThanOrEqual(tables)
      expect(amount(text, /"(start_)?time" < TIMESTAMP '2026-11-21T15:00:00/g)).toBe(tables)
      expect(text).toMatch(/LIMIT \d+$/)
      expect(text).toContain("'o''brien'")
    })
  }
  it('asks what is counted only where that can answer', () => {
    const short = { ...range, from: range.to - 60_000_000_000n }
    for (const [query, table] of [
      [redQuery(range, []), 'span_metrics'],
      [redQuery(range, counted), 'span_metrics'],
      [redQuery(range, filters), 'spans'],
      [redQuery(short, []), 'spans'],
      [trendsQuery(range, [], 60), 'span_metrics'],
      [trendsQuery(range, [], 30), 'spans'],
    ] as const)
      expect(query.text).toMatch(new RegExp(`FROM ${table}\n`))
  })
  it('begins with the minute that the range begins in', () => {
    const text = redQuery({ ...range, from: range.from + 30_000_000_000n }, []).text
    expect(text).toContain("\"time\" >= TIMESTAMP '2026-11-21T14:00:00")
  })
  it('looks for silent services a day back, or as far as the range goes', () => {
    expect(lookback(range).from).toBe(parseTime('2026-11-20T15:00:00Z'))
    expect(lookback({ ...range, from: parseTime('2026-11-01T00:00:00Z') }).from).toBe(parseTime('2026-11-01T00:00:00Z'))
  })
  it('asks no signal that cannot answer a filter', () => expect(amount(presenceQuery(range, [{ key: 'kind', op: '=', value: 'SERVER' }]).text, /AND FALSE/g)).toBe(2))
})
