// What the demo's load generator wrote down, cut to a window whose requests have all arrived.
import { readFileSync } from 'node:fs'
import { fromMilliseconds } from '../src/time/nanoseconds'
import type { Range } from '../src/time/range'

export interface Request {
  begun: number // epoch milliseconds
  ended: number
  service: string
  path: string
  user: string
  kind: string | null
  status: number
  origin: string | null
  attempts: number
  fallback: boolean
}

export interface Truth {
  requests: Request[]
  silences: number
  range: Range
}

interface Line extends Omit<Request, 'begun' | 'ended' | 'attempts'> {
  type: string
  time: string
  begun?: string
  milliseconds: number
  attempts: number | null
}

// Guests ask one after another, so between an answer and the next question there is a moment with nothing under way.
const pauseMs = 12
// Telemetry of a request arrives seconds later; eggs ends what it was asked in a silence when that is over.
const arrivalMs = 12_000
const requestsMost = 1500

export function readTruth(path: string, now = Date.now()): Truth {
  const lines = readFileSync(path, 'utf8').split('\n').filter((line) => line.trim().endsWith('}')).map((line) => JSON.parse(line) as Line)
  const requests = lines.filter(({ type }) => type === 'request').map((line): Request => {
    const ended = Date.parse(line.time)
    const begun = line.begun ? Date.parse(line.begun) : ended - line.milliseconds
    const { service, path, user, kind = null, status, origin, attempts, fallback } = line
    return { begun, ended, service, path, user, kind, status, origin, attempts: attempts ?? 0, fallback: fallback === true }
  })
  const pauses: number[] = [(requests[0]?.begun ?? now) - pauseMs / 2]
  requests.forEach(({ ended }, index) => {
    const next = requests[index + 1]
    if (next && next.begun - ended >= pauseMs) pauses.push(ended + (next.begun - ended) / 2)
  })
  const last = requests.at(-1)?.ended ?? now
  if (now - last > arrivalMs) pauses.push(last + pauseMs / 2)
  const to = pauses.filter((pause) => pause <= now - arrivalMs).at(-1)
  if (to === undefined) throw new Error(`${path} holds no request that ended ${arrivalMs} ms ago`)
  const before = requests.filter(({ ended }) => ended < to)
  const earliest = before[Math.max(0, before.length - requestsMost)]?.begun ?? to
  const from = pauses.filter((pause) => pause <= earliest).at(-1) ?? earliest
  const inside = (time: number) => time >= from && time < to
  return {
    requests: before.filter(({ begun }) => inside(begun)),
    silences: lines.filter(({ type, time }) => type === 'silence' && inside(Date.parse(time))).length,
    range: { from: fromMilliseconds(from), to: fromMilliseconds(to) },
  }
}
