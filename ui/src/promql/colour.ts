import type { Paint } from '../components/palette'
import type { GraphSeries } from './series'

// Blue, amber, green, pink, olive, teal, violet, …: neighbours differ for everybody.
const order = [0, 1, 2, 3, 6, 5, 4, 8, 7, 9]

export function colourOf({ colour }: GraphSeries, index: number, colours: Paint): string {
  if (colour) return readVariable(colour)
  return colours.services[order[index % order.length] ?? 0] ?? colours.quiet
}

// Canvas knows no variables of CSS.
export function readVariable(colour: string): string {
  const name = /^var\((--[\w-]+)\)$/.exec(colour)?.[1]
  return name ? getComputedStyle(document.documentElement).getPropertyValue(name).trim() : colour
}

// More series than colours: the next round is dashed.
export const isDashed = ({ dashed, colour }: GraphSeries, index: number): boolean => dashed ?? (!colour && Math.floor(index / order.length) % 2 === 1)
