// Weekday by hour, from the quarters that the question of requests has fetched.
import { weekdayAndHour } from '../calendar'
import type { Quarter } from '../requests/answer'

export interface Cell {
  weekday: number // Monday is 0
  hour: number
  requests: number
  // How often this hour came, within the time that the record covers.
  times: number
}

export interface BusiestAnswer {
  cells: Cell[] // 7 × 24, by weekday and hour
  busiest: Cell | null
  quietest: Cell | null
  most: number // requests of the busiest hour, on average
  days: number
}

const hourMs = 3_600_000

export const average = ({ requests, times }: Cell): number => (times > 0 ? requests / times : 0)

export function answerBusiest(quarters: readonly Quarter[], now: number, zone: string): BusiestAnswer {
  const cells = Array.from({ length: 7 * 24 }, (_, index): Cell => ({ weekday: Math.floor(index / 24), hour: index % 24, requests: 0, times: 0 }))
  const cellAt = (time: number): Cell => {
    const { weekday, hour } = weekdayAndHour(time, zone)
    return cells[weekday * 24 + hour] as Cell
  }
  const first = quarters.find(({ requests }) => requests > 0)?.start
  if (first === undefined) return { cells, busiest: null, quietest: null, most: 0, days: 0 }
  for (const { start, requests } of quarters) cellAt(start).requests += requests
  // Steps of an hour from within the first quarter touch each hour of the clock once.
  for (let time = first; time < now; time += hourMs) cellAt(time).times += 1
  const lastHour = cellAt(now - 1)
  if (lastHour.times === 0) lastHour.times = 1
  const seen = cells.filter(({ times }) => times > 0)
  const byAverage = [...seen].sort((left, right) => average(right) - average(left))
  const busiest = byAverage[0] ?? null
  return {
    cells,
    busiest,
    quietest: byAverage.length > 1 ? (byAverage.at(-1) ?? null) : null,
    most: busiest ? average(busiest) : 0,
    days: (now - first) / (24 * hourMs),
  }
}

// Five strengths of colour; nothing at all is none of them.
export function strength(cell: Cell, most: number): number {
  const value = average(cell)
  return value <= 0 || most <= 0 ? 0 : Math.min(5, Math.max(1, Math.ceil((value / most) * 5)))
}
