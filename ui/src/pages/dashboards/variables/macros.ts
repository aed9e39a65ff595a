// What every query may use besides the dashboard's own variables: steps, the range, and its bounds in SQL.
import { identifier, timestamp } from '../../../sql/escape'
import { toMilliseconds } from '../../../time/nanoseconds'
import type { Range } from '../../../time/range'
import { readInterval, writeInterval, type Steps } from './interval'
import type { Chosen, Scope } from './interpolate'

const raw = (value: string | number): Chosen => ({ values: [String(value)], raw: String(value) })

export function builtIns(range: Range, steps: Steps, title = ''): Scope {
  const [from, to] = [toMilliseconds(range.from), toMilliseconds(range.to)]
  return {
    __interval: raw(writeInterval(steps.step)),
    interval: raw(writeInterval(steps.step)),
    __interval_ms: raw(steps.step),
    __rate_interval: raw(writeInterval(steps.rate)),
    __rate_interval_ms: raw(steps.rate),
    __range: raw(`${Math.max(1, Math.round(steps.range / 1000))}s`),
    __range_s: raw(Math.max(1, Math.round(steps.range / 1000))),
    __range_ms: raw(Math.round(steps.range)),
    __from: raw(from),
    __to: raw(to),
    __dashboard: { values: [title] },
  }
}

const call = /\$__(timeFilter|timeFrom|timeTo|timeGroup)\(([^()]*)\)/g

// `$__timeFilter(column)`, `$__timeFrom()`, `$__timeTo()` and `$__timeGroup(column, width)`, before other variables.
export function timeMacros(query: string, range: Range, steps: Steps): string {
  return query.replace(call, (_, name: string, inside: string) => {
    const [column = 'time', width = ''] = inside.split(',').map((part) => part.trim())
    const named = /^\w+$/.test(column) ? identifier(column).text : column
    switch (name) {
      case 'timeFrom':
        return timestamp(range.from).text
      case 'timeTo':
        return timestamp(range.to).text
      case 'timeFilter':
        return `(${named} >= ${timestamp(range.from).text} AND ${named} < ${timestamp(range.to).text})`
      default: {
        const bare = width.replace(/^['"]|['"]$/g, '')
        const wanted = bare === '' || bare.includes('__interval') ? steps.step : (readInterval(bare) ?? steps.step)
        return `date_bin(INTERVAL '${wanted} milliseconds', ${named}, TIMESTAMP '1970-01-01T00:00:00Z')`
      }
    }
  })
}

// Whether a query in SQL says which time it asks for: one that does not reads all that is kept.
export const boundsTime = (query: string): boolean => /\$__(timeFilter|timeFrom|timeTo|from|to)\b|\$\{__(from|to)/.test(query)
