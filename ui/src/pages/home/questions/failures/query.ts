import { all, sql, text, type Sql } from '../../../../sql/escape'
import { filterConditions, type Filter } from '../../../../sql/filter'
import { within } from '../../../../sql/range'
import type { Range } from '../../../../time/range'
import { isCounted } from '../../../services/red'
import { countedSpans } from '../../counted'
import { summedCounts } from '../../queries'
import { counted } from '../sampling'

const entries = sql`kind IN ('SERVER', 'CONSUMER')`

// As long a time just before the range.
export const before = ({ from, to }: Range): Range => ({ from: from - (to - from), to: from })

export function failuresBeforeQuery(range: Range, filters: readonly Filter[], sampled: boolean): Sql {
  if (isCounted(range, filters)) {
    return sql`SELECT ${summedCounts()} AS requests, ${summedCounts(sql`status_code = 'ERROR'`)} AS failed
FROM ${countedSpans(before(range), filters, sampled)}
WHERE ${entries}`
  }
  return sql`SELECT ${counted(sampled)} AS requests, ${counted(sampled, sql`status_code = 'ERROR'`)} AS failed
FROM spans
WHERE ${all([within('start_time', before(range)), entries, ...filterConditions(filters, 'spans')])}`
}

export function examplesQuery(range: Range, filters: readonly Filter[], service: string): Sql {
  return sql`SELECT trace_id, span_id, name, start_time, duration_ns, status_message
FROM spans
WHERE ${all([within('start_time', range), sql`service_name = ${text(service)}`, sql`status_code = 'ERROR'`, ...filterConditions(filters, 'spans')])}
ORDER BY ${entries} DESC, start_time DESC
LIMIT 3`
}
