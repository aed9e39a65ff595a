import { identifier, integer, sql, timestamp, type Sql } from './escape'
import type { Range } from '../time/range'

export function within(columnName: 'start_time' | 'time', { from, to }: Range): Sql {
  const column = identifier(columnName)
  return sql`${column} >= ${timestamp(from)} AND ${column} < ${timestamp(to)}`
}

// Whole minutes that the range touches, of what is counted by the minute.
export function minutes({ from, to }: Range): Sql {
  const minute = 60_000_000_000n
  return within('time', { from: from - (from % minute), to })
}

export function bucket(columnName: 'start_time' | 'time', seconds: number): Sql {
  return sql`date_bin(INTERVAL '${integer(seconds)} seconds', ${identifier(columnName)}, TIMESTAMP '1970-01-01T00:00:00Z')`
}
