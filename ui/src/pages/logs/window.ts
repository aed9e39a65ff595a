// Pure: the part of a long list that is held. It grows at either end, by whole moments: records of one
// time are never parted, so that "before" and "after" a time leave none out and bring none twice.
import type { LogRecord } from './record'

export type Side = 'older' | 'newer'

export interface Window {
  records: readonly LogRecord[] // newest first
  older: boolean // whether there may be more of them
  newer: boolean
}

export const emptyWindow: Window = { records: [], older: true, newer: true }

export const heldMost = 3000

export type Settled = { records: readonly LogRecord[]; more: boolean } | { crowded: bigint }

// An answer in the order it came, without the moment that its limit may have cut through.
// `crowded` is a moment with at least as many records as one answer has.
export function settlePage(answer: readonly LogRecord[], limit: number): Settled {
  const last = answer.at(-1)
  if (!last || answer.length < limit) return { records: answer, more: false }
  let end = answer.length
  while (end > 0 && answer[end - 1]?.time === last.time) end -= 1
  return end > 0 ? { records: answer.slice(0, end), more: true } : { crowded: last.time }
}

// Lengthens the window on one side; what is then too much goes from the other.
export function grow(window: Window, side: Side, records: readonly LogRecord[], more: boolean, most = heldMost): Window {
  if (side === 'older') {
    const all = [...window.records, ...records]
    const from = wholeMomentFrom(all, all.length - most)
    return { records: all.slice(from), older: more, newer: window.newer || from > 0 }
  }
  const all = [...[...records].reverse(), ...window.records]
  const to = all.length - wholeMomentFrom([...all].reverse(), all.length - most)
  return { records: all.slice(0, to), newer: more, older: window.older || to < all.length }
}

function wholeMomentFrom(records: readonly LogRecord[], at: number): number {
  if (at <= 0) return 0
  let from = at
  while (from < records.length - 1 && records[from]?.time === records[from - 1]?.time) from += 1
  // One moment may have more records than are to be held: it stays.
  return records[from]?.time === records[from - 1]?.time ? momentStart(records, from) : from
}

function momentStart(records: readonly LogRecord[], at: number): number {
  let from = at
  while (from > 0 && records[from - 1]?.time === records[at]?.time) from -= 1
  return from
}
