// Spans that are counted already, for the questions of Home.
import { all, sql, type Sql } from '../../sql/escape'
import { filterConditions, type Filter } from '../../sql/filter'
import { minutes, within } from '../../sql/range'
import type { Range } from '../../time/range'
import { weight } from './questions/sampling'

const minute = 60_000_000_000n
export const minuteOf = (time: bigint): bigint => time - (time % minute)

// The minutes that lie in the range as a whole.
export const wholeMinutes = ({ from, to }: Range): Range => ({ from: minuteOf(from + minute - 1n), to: minuteOf(to) })

// How many spans a single one stands for.
export const one = (sampled: boolean): Sql => (sampled ? weight : sql`1.0`)

// Counts are by the minute, so of the minutes that the range cuts in two single spans are counted: what a question counts
// is exact. Durations are of all minutes that the range touches, and only as exact as histograms are.
export function countedSpans(range: Range, filters: readonly Filter[], sampled: boolean): Sql {
  const whole = wholeMinutes(range)
  const inside = within('time', whole)
  const conditions = filterConditions(filters, 'spans')
  const ends = [{ from: range.from, to: whole.from }, { from: whole.to, to: range.to }].filter(({ from, to }) => from < to)
  const minutesCounted = sql`  SELECT "time", service_name, kind, status_code,
    CASE WHEN ${inside} THEN count ELSE 0 END AS count, CASE WHEN ${inside} THEN spans ELSE 0 END AS spans,
    CASE WHEN ${inside} THEN last_time END AS last_time, duration_buckets, duration_counts
  FROM span_metrics WHERE ${all([minutes(range), ...conditions])}`
  const single = ends.map((end) => sql`
  UNION ALL
  SELECT start_time AS "time", service_name, kind, status_code, ${one(sampled)}, 1, start_time AS last_time, NULL, NULL
  FROM spans WHERE ${all([within('start_time', end), ...conditions])}`)
  return sql`(
${single.reduce((written, end) => sql`${written}${end}`, minutesCounted)}
)`
}
