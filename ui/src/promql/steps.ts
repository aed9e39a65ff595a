// Which times a range query asks for.
import { bucketSeconds, type Range } from '../time/range'
import type { Steps } from './answer'
import { readPromDuration } from './text'

// Points of a series that the server gives at most.
const pointsMost = 11_000

export const secondsOf = (nanoseconds: bigint): number => Number(nanoseconds / 1_000_000n) / 1000

// Steps lie at multiples of their length, so that asking again a moment later gives the same ones.
export function stepsOf(range: Range, { step, most = 240, least = 1 }: { step?: string; most?: number; least?: number } = {}): Steps {
  const length = secondsOf(range.to) - secondsOf(range.from)
  const wanted = (step ? readPromDuration(step) : null) ?? Math.max(least, bucketSeconds(range, most))
  const chosen = Math.max(wanted, Math.ceil(length / (pointsMost - 2)))
  const start = Math.floor(secondsOf(range.from) / chosen) * chosen
  return { start, end: Math.max(start, Math.floor(secondsOf(range.to) / chosen) * chosen), step: chosen }
}

// The window of a rate: no sample between two steps may be left out, and a minute's export has to be in it a few times.
export const rateSeconds = ({ step }: Steps): number => Math.max(300, step)
