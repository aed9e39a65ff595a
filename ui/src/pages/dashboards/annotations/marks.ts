// From answers to the moments they mark. Pure.
import type { SqlAnswer, SqlValue } from '../../../api/types'
import { numberOf, type MatrixSeries } from '../../../promql/answer'
import { fromTemplate, legends } from '../../../promql/series'
import { parseTime, toMilliseconds } from '../../../time/nanoseconds'

// Seconds since 1970; with an end where something lasted.
export interface Moment {
  time: number
  end?: number
  text: string
}

export interface Moments {
  moments: Moment[]
  cut: boolean
}

export const momentsMost = 500

// A series marks the times at which it is not zero; those a step apart are one.
export function momentsOfMatrix(result: readonly MatrixSeries[], step: number, template?: string): Moments {
  const names = legends(result.map(({ metric }) => metric), template ? { legend: template } : {})
  const moments = result.flatMap(({ values = [] }, index) => {
    const found: Moment[] = []
    for (const [time, written] of values) {
      const value = numberOf(written)
      if (value === 0 || Number.isNaN(value)) continue
      const last = found.at(-1)
      if (last && time - (last.end ?? last.time) <= step * 1.01) last.end = time
      else found.push({ time, text: names[index] ?? '' })
    }
    return found
  })
  return bounded(moments)
}

const isTime = (type: string): boolean => /^timestamp/i.test(type)

// The first time of a row is when, a second one until when; its texts say what.
export function momentsOfSql({ columns, rows, truncated }: SqlAnswer, template?: string): Moments {
  const places = columns.map(({ type }, at) => ({ at, time: isTime(type) }))
  const [start, end] = places.filter(({ time }) => time)
  const texts = places.filter(({ time }) => !time)
  const moments = rows.flatMap((row): Moment[] => {
    const time = secondsOf(row[start?.at ?? -1])
    if (time === null) return []
    const until = secondsOf(row[end?.at ?? -1])
    const words = texts.map(({ at }): [string, string] => [columns[at]?.name ?? '', wordsOf(row[at])])
    const text = template ? fromTemplate(template, Object.fromEntries(words)) : words.map(([, word]) => word).filter((word) => word !== '').join(' · ')
    return [{ time, text, ...(until !== null && until > time ? { end: until } : {}) }]
  })
  const { moments: kept, cut } = bounded(moments)
  return { moments: kept, cut: cut || truncated }
}

const secondsOf = (value: SqlValue | undefined): number | null => (typeof value === 'string' ? toMilliseconds(parseTime(value)) / 1000 : null)
const wordsOf = (value: SqlValue | undefined): string => (value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value))

function bounded(moments: Moment[]): Moments {
  const sorted = moments.sort((left, right) => left.time - right.time)
  // The newest stay.
  return { moments: sorted.slice(-momentsMost), cut: sorted.length > momentsMost }
}
