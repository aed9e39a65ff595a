// Patterns are counted by the minute, per service and range of severity: of what narrows the page, only these apply.
import { all, integer, join, sql, text, timestamp, type Sql } from '../../../sql/escape'
import { filterCondition, type Filter } from '../../../sql/filter'
import { bucket, minutes } from '../../../sql/range'
import type { LogScope } from '../queries'

const counted = new Set(['service', 'severity'])

const applying = (filters: readonly Filter[]): Filter[] => filters.filter(({ key }) => counted.has(key))

// Whether something narrows the page that patterns know nothing of.
export const ignores = ({ filters, search }: Pick<LogScope, 'filters' | 'search'>): boolean => search.trim() !== '' || applying(filters).length < filters.length

const conditions = (filters: readonly Filter[]): Sql[] => applying(filters).flatMap((filter) => filterCondition(filter, 'logs') ?? [])

// The most frequent ones of the range. A pattern is new when none of its records is older than the range, and there are older records.
export function patternsQuery({ range, filters }: LogScope, most: number): Sql {
  const within = minutes(range)
  return sql`SELECT pattern_id, max(pattern) AS pattern, max(sample) AS sample,
  sum(count) FILTER (WHERE ${within}) AS records,
  max(severity_number) FILTER (WHERE ${within}) AS severity,
  count(DISTINCT service_name) FILTER (WHERE ${within}) AS services,
  min(first_time) >= ${timestamp(range.from)} AND (SELECT min(time) FROM log_patterns) < ${timestamp(range.from)} AS is_new
FROM log_patterns
WHERE ${all([sql`time < ${timestamp(range.to)}`, ...conditions(filters)])}
GROUP BY pattern_id
HAVING sum(count) FILTER (WHERE ${within}) > 0
ORDER BY records DESC, pattern_id
LIMIT ${integer(most)}`
}

export function trendsQuery({ range, filters }: LogScope, ids: readonly string[], seconds: number): Sql {
  const wanted = [minutes(range), ...conditions(filters), sql`pattern_id IN (${join(ids.map(text), ', ')})`]
  return sql`SELECT pattern_id, CAST(${bucket('time', seconds)} AS BIGINT) / 1000000000 AS second, sum(count) AS records
FROM log_patterns
WHERE ${all(wanted)}
GROUP BY 1, 2`
}

const mask = /<(?:num|id|hex|uuid|ip|time|\*)>|…/

// A search that finds the records of a pattern: what stays the same in them, as phrases.
export function searchOf(pattern: string): string {
  const phrases = pattern.split(mask).map((part) => part.trim()).filter((part) => /[\p{L}\d]{2}/u.test(part))
  return phrases.map((phrase) => `"${phrase.replace(/["\\]/g, '\\$&')}"`).join(' ')
}

// A pattern in parts: what stays the same, and what is masked.
export const partsOf = (pattern: string): string[] => pattern.split(/(<(?:num|id|hex|uuid|ip|time|\*)>)/).filter((part) => part !== '')

export const isMask = (part: string): boolean => /^<(?:num|id|hex|uuid|ip|time|\*)>$/.test(part)
