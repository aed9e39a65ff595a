import { all, identifier, integer, sql, text, timestamp, type Sql } from '../../sql/escape'
import { filterConditions, searchConditions, type Filter } from '../../sql/filter'
import { bucket, within } from '../../sql/range'
import type { Range } from '../../time/range'

export interface LogScope {
  range: Range
  filters: readonly Filter[]
  search: string
}

export const pageSize = 300
export const bodyLimit = 8192

// Bodies over the limit travel as a preview; the whole one is fetched on demand.
const columns = sql`time, severity_number, severity_text, service_name,
  CASE WHEN length(body) > ${integer(bodyLimit)} THEN substr(body, 1, 1000) ELSE body END AS body,
  length(body) AS body_length, trace_id, span_id, attributes, resource_attributes`

function matching({ range, filters, search }: LogScope): Sql {
  return all([within('time', range), ...filterConditions(filters, 'logs'), ...searchConditions(search)])
}

const newestFirst = sql`ORDER BY time DESC, span_id, body`

export interface Cursor {
  before: bigint
  skip: number // rows at that very time that are already shown
}

export function pageQuery(scope: LogScope, cursor: Cursor | null): Sql {
  const older = cursor === null ? sql`` : sql` AND time <= ${timestamp(cursor.before)}`
  const offset = cursor === null ? sql`` : sql` OFFSET ${integer(cursor.skip)}`
  return sql`SELECT ${columns}
FROM logs
WHERE ${matching(scope)}${older}
${newestFirst}
LIMIT ${integer(pageSize)}${offset}`
}

const band = sql`CASE WHEN severity_number >= 21 THEN 'FATAL' WHEN severity_number >= 17 THEN 'ERROR' WHEN severity_number >= 13 THEN 'WARN'
    WHEN severity_number >= 9 THEN 'INFO' WHEN severity_number >= 5 THEN 'DEBUG' WHEN severity_number >= 1 THEN 'TRACE' ELSE 'UNSET' END`

export function histogramQuery(scope: LogScope, seconds: number): Sql {
  return sql`SELECT CAST(${bucket('time', seconds)} AS BIGINT) / 1000000000 AS second,
  ${band} AS severity,
  count(*) AS records
FROM logs
WHERE ${matching(scope)}
GROUP BY 1, 2
ORDER BY 1`
}

// Each facet ignores its own filter, so that the other choices keep their counts.
export function facetQuery(scope: LogScope, facet: 'service' | 'severity'): Sql {
  const filters = scope.filters.filter((filter) => filter.key !== facet)
  const value = facet === 'service' ? identifier('service_name') : band
  return sql`SELECT ${value} AS value, count(*) AS records
FROM logs
WHERE ${matching({ ...scope, filters })}
GROUP BY 1
ORDER BY 2 DESC
LIMIT 40`
}

export function bodyQuery(time: bigint, service: string, spanId: string | null): Sql {
  const ofSpan = spanId === null ? sql`` : sql` AND span_id = ${text(spanId)}`
  return sql`SELECT body FROM logs WHERE time = ${timestamp(time)} AND service_name = ${text(service)}${ofSpan} LIMIT 1`
}

export function contextQuery(time: bigint, service: string | null, side: 'before' | 'after', amount: number): Sql {
  const sameService = service === null ? sql`` : sql` AND service_name = ${text(service)}`
  const hour = 3_600_000_000_000n
  const bounds = side === 'before'
    ? sql`time <= ${timestamp(time)} AND time > ${timestamp(time - hour * 24n)}`
    : sql`time > ${timestamp(time)} AND time < ${timestamp(time + hour * 24n)}`
  return sql`SELECT ${columns}
FROM logs
WHERE ${bounds}${sameService}
ORDER BY time ${side === 'before' ? sql`DESC` : sql`ASC`}
LIMIT ${integer(amount)}`
}
