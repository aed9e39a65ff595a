// Moments worth seeing in any chart, such as deployments; with an end, a stretch of time.
import type { Marker } from '../components/TimeChart'

export interface Mark extends Marker {
  end?: number
  colour?: string // of CSS
}

const reach = 5

// Those under the pointer, which is a place in pixels.
export function marksAt(marks: readonly Mark[], left: number, placeOf: (time: number) => number): Mark[] {
  return marks.filter(({ time, end = time }) => left >= placeOf(time) - reach && left <= placeOf(end) + reach)
}
