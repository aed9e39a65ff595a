// Pure: what of the tail is shown, what waits while it is paused, and what was lost.
import type { LogRecord } from '../record'

export interface TailBuffer {
  records: readonly LogRecord[] // newest first
  waiting: readonly LogRecord[]
  dropped: number // skipped by the server, which this page could not keep up with
  overflow: number // came while paused, when no more could wait
}

export const emptyBuffer: TailBuffer = { records: [], waiting: [], dropped: 0, overflow: 0 }

export const shownMost = 2000
export const waitingMost = 5000

export function receive(buffer: TailBuffer, fresh: readonly LogRecord[], dropped: number, paused: boolean): TailBuffer {
  const counted = { ...buffer, dropped: buffer.dropped + dropped }
  if (!paused) return { ...counted, records: [...fresh, ...buffer.records].slice(0, shownMost) }
  const waiting = [...fresh, ...buffer.waiting]
  return { ...counted, waiting: waiting.slice(0, waitingMost), overflow: buffer.overflow + Math.max(0, waiting.length - waitingMost) }
}

export const resume = (buffer: TailBuffer): TailBuffer => ({ ...buffer, waiting: [], records: [...buffer.waiting, ...buffer.records].slice(0, shownMost) })
