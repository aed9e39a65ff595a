import type { AttributeKey } from '../../../api/types'
import { attribute, identifier, integer, sql, text, type AttributeColumn, type Sql } from '../../../sql/escape'
import { regionCondition, type Region } from '../plot/region'
import type { Sides } from './score'

export interface ComparedField {
  field: string // as filters name it
  label: string
  expression: Sql
}

export const valuesMost = 20
const fieldsMost = 150
// Spans of one side that are counted for each attribute; of more, a sample is.
const sideMost = 2_000_000

const columns: readonly (readonly [field: string, column: string])[] = [['service', 'service_name'], ['name', 'name'], ['kind', 'kind'], ['status', 'status_code'], ['status_message', 'status_message'], ['scope', 'scope_name']]
const attributeColumns: readonly (readonly [AttributeColumn, prefix: string])[] = [['resource_attributes', 'resource:'], ['attributes', ''], ['scope_attributes', 'scope:']]

// What every span has first, then the attributes of resources, which few values have, then those of spans.
export function fieldsToCompare(keys: readonly AttributeKey[], region: Region): { fields: ComparedField[]; left: number } {
  const fields = columns
    .filter(([field]) => !(field === 'status' && region.kind === 'errors'))
    .map(([field, column]): ComparedField => ({ field, label: field, expression: sql`nullif(${identifier(column)}, '')` }))
  for (const [column, prefix] of attributeColumns) {
    const found = keys.filter(({ table, scope, key }) => table === 'spans' && scope === column && key !== 'service.name')
    const unique = [...new Map(found.sort((a, b) => b.count - a.count).map((key) => [key.key, key])).keys()]
    fields.push(...unique.map((key): ComparedField => ({ field: prefix + key, label: labelOf(prefix + key), expression: sql`CAST(${attribute(column, key)} AS VARCHAR)` })))
  }
  return { fields: fields.slice(0, fieldsMost), left: Math.max(0, fields.length - fieldsMost) }
}

export const labelOf = (field: string): string => field.replace(/^(resource|scope):/, '')

export function sidesQuery(of: Sql, region: Region): Sql {
  const selected = regionCondition(region)
  return sql`SELECT count(*) FILTER (WHERE ${selected}) AS inside, count(*) FILTER (WHERE NOT (${selected})) AS outside
FROM spans
WHERE ${of}`
}

export interface Sampling {
  inside: number // one of so many is counted
  outside: number
}

export const whole: Sampling = { inside: 1, outside: 1 }

export function samplingFor({ inside, outside }: Sides): Sampling {
  const share = (spans: number): number => 2 ** Math.max(0, Math.ceil(Math.log2(spans / sideMost)))
  return { inside: share(inside), outside: share(outside) }
}

// Span ids are random, so those below a bound are a fair sample.
function sampled(one: number): Sql {
  if (one <= 1) return sql`TRUE`
  const bound = (2n ** 64n / BigInt(one)).toString(16).padStart(16, '0')
  return sql`span_id < ${text(bound)}`
}

export function sampledPopulation(of: Sql, region: Region, sampling: Sampling): Sql {
  if (sampling.inside <= 1 && sampling.outside <= 1) return of
  const selected = regionCondition(region)
  return sql`${of} AND CASE WHEN ${selected} THEN ${sampled(sampling.inside)} ELSE ${sampled(sampling.outside)} END`
}

// The first row counts the spans without a value. They are not left out by a condition, which would have
// every span looked at before it is known to be wanted.
export function fieldQuery(of: Sql, region: Region, { expression }: ComparedField, sides: Sides): Sql {
  const selected = regionCondition(region)
  const share = (spans: number): Sql => integer(Math.max(1, spans))
  return sql`SELECT value, inside, outside, example, counter,
  sum(inside) OVER () AS inside_all, sum(outside) OVER () AS outside_all, count(*) OVER () AS distinct_values
FROM (
  SELECT ${expression} AS value,
    count(*) FILTER (WHERE ${selected}) AS inside,
    count(*) FILTER (WHERE NOT (${selected})) AS outside,
    max(trace_id) FILTER (WHERE ${selected}) AS example,
    max(trace_id) FILTER (WHERE NOT (${selected})) AS counter
  FROM spans
  WHERE ${of}
  GROUP BY 1
)
ORDER BY value IS NULL DESC, CAST(inside AS DOUBLE) / ${share(sides.inside)} + CAST(outside AS DOUBLE) / ${share(sides.outside)} DESC, value
LIMIT ${integer(valuesMost + 1)}`
}

const samplesMost = 8

// Spans of the selection that have a value, the slowest first.
export function samplesQuery(of: Sql, region: Region, expression: Sql, value: string): Sql {
  return sql`SELECT trace_id, span_id, start_time, duration_ns, service_name, name, status_code
FROM spans
WHERE ${of}
  AND ${regionCondition(region)}
  AND ${expression} = ${text(value)}
ORDER BY duration_ns DESC
LIMIT ${integer(samplesMost)}`
}
