// Consistent probability sampling (OpenTelemetry): `ot=th:` in the trace state is the threshold below which traces
// were rejected, so a span that was kept stands for 2^56 / (2^56 - threshold) spans.
import { all, integer, sql, text, type Sql } from '../../../sql/escape'
import { minutes, within } from '../../../sql/range'
import type { Range } from '../../../time/range'
import { isCounted } from '../../services/red'

const digits = 14
const whole = 1n << 56n

const threshold = sql`rpad(regexp_match(trace_state, '(?:^|,)\\s*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?:[;,\\s]|$)')[1], 14, '0')`

// SQL reads no hexadecimal numbers, so the digits are weighed one by one.
const thresholdNumber: Sql = Array.from({ length: digits }, (_, index) => {
  const place = integer(16n ** BigInt(digits - 1 - index))
  return sql`strpos('123456789abcdef', substr(${threshold}, ${integer(index + 1)}, 1)) * ${place}`
}).reduce((left, right) => sql`${left} + ${right}`)

// How many spans a row stands for; 1 where nothing says that it was sampled.
export const weight = sql`CASE WHEN trace_state LIKE '%th:%'
  THEN coalesce(${integer(whole)}.0 / nullif(${integer(whole)} - (${thresholdNumber}), 0), 1.0) ELSE 1.0 END`

// Plain counts stay plain where nothing was sampled: they read better and cost less.
export function counted(sampled: boolean, condition?: Sql): Sql {
  const filter = condition ? sql` FILTER (WHERE ${condition})` : sql``
  return sampled ? sql`coalesce(sum(${weight})${filter}, 0)` : sql`count(*)${filter}`
}

export function summed(sampled: boolean, value: Sql): Sql {
  return sampled ? sql`sum(${value} * ${weight})` : sql`sum(${value})`
}

export function samplingQuery(range: Range): Sql {
  const spans = isCounted(range, []) ? sql`SELECT coalesce(sum(spans), 0) FROM span_metrics WHERE ${minutes(range)}` : sql`SELECT count(*) FROM spans WHERE ${within('start_time', range)}`
  return sql`SELECT (${spans}) AS spans,
  count(*) AS marked, sum(${weight}) AS stands_for
FROM spans
WHERE ${within('start_time', range)} AND trace_state LIKE '%th:%'`
}

// The same from what is counted already. It knows of more ways of sampling than trace states.
export function countedSamplingQuery(range: Range): Sql {
  return sql`SELECT coalesce(sum(spans), 0) AS spans, coalesce(sum(spans), 0) AS marked, coalesce(sum(count), 0) AS stands_for
FROM span_metrics
WHERE ${minutes(range)}`
}

export interface Sampling {
  spans: number
  sampled: boolean
  // Of the spans that were made, the share that was kept.
  kept: number
}

export function readSampling(row: Record<string, unknown> | undefined): Sampling {
  const spans = Number(row?.['spans'] ?? 0)
  const marked = Number(row?.['marked'] ?? 0)
  const standsFor = Number(row?.['stands_for'] ?? 0)
  const made = spans - marked + standsFor
  return { spans, sampled: standsFor > marked * 1.000001, kept: made > 0 ? spans / made : 1 }
}

const joinedSpansMost = 400_000

export interface TraceSample {
  oneIn: number
  condition: Sql
}

// Questions that join spans look at whole traces, and beyond a bound at one in 2, 4, 8… of them. The end of a trace id
// chooses: it is random where ids begin with a time.
export function traceSample(spans: number): TraceSample {
  let oneIn = 1
  while (spans / oneIn > joinedSpansMost && oneIn < 65_536) oneIn *= 2
  if (oneIn === 1) return { oneIn, condition: all([]) }
  const limit = (65_536 / oneIn).toString(16).padStart(4, '0')
  return { oneIn, condition: sql`right(hex(trace_id), 4) < ${text(limit)}` }
}
