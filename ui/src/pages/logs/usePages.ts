// Records of a scope around a place, fetched as one scrolls: older ones below, newer ones above.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { ApiError, runSql, toObjects } from '../../api/client'
import type { Fault } from '../../api/types'
import type { Sql } from '../../sql/escape'
import { momentMost, momentQuery, pageQuery, pageSize, type LogScope } from './queries'
import { readRecord, type LogRecord } from './record'
import { emptyWindow, grow, settlePage, type Side, type Window } from './window'

export interface LogPages {
  records: readonly LogRecord[]
  fault: Fault | null
  loading: boolean
  older: boolean // whether there may be more
  newer: boolean
  crowded: bigint | null // a moment with more records than are shown of it
  goTo: string | null // the key of the record that the list begins at, where that is not the newest
  loadOlder: () => void
  loadNewer: () => void
  reload: () => void
}

// Where the list begins: at the newest record, the oldest, or around a time.
export type Start = 'newest' | 'oldest' | bigint

interface Held {
  window: Window
  loading: boolean
  fault: Fault | null
  crowded: bigint | null
  goTo: string | null
}

const nothing: Held = { window: emptyWindow, loading: true, fault: null, crowded: null, goTo: null }

async function ask(query: Sql, signal: AbortSignal, limit: number): Promise<LogRecord[]> {
  return toObjects(await runSql(query.text, { signal, limit })).map(readRecord)
}

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

// Within a moment the server's order may differ from one answer to the next.
const newestFirst = (left: LogRecord, right: LogRecord): number =>
  left.time === right.time
    ? compare(left.service, right.service) || compare(left.spanId ?? '', right.spanId ?? '') || compare(left.body, right.body)
    : left.time < right.time ? 1 : -1

interface Page {
  records: LogRecord[] // the closest first
  more: boolean
  crowded: bigint | null
}

async function fetchPage(scope: LogScope, side: Side, from: bigint | null, signal: AbortSignal): Promise<Page> {
  const inOrder = (records: readonly LogRecord[]): LogRecord[] => {
    const sorted = [...records].sort(newestFirst)
    return side === 'older' ? sorted : sorted.reverse()
  }
  const settled = settlePage(await ask(pageQuery(scope, side, from), signal, pageSize), pageSize)
  if (!('crowded' in settled)) return { records: inOrder(settled.records), more: settled.more, crowded: null }
  const moment = await ask(momentQuery(scope, settled.crowded), signal, momentMost)
  return { records: inOrder(moment), more: true, crowded: moment.length >= momentMost ? settled.crowded : null }
}

async function fetchStart(scope: LogScope, start: Start, signal: AbortSignal): Promise<Omit<Held, 'loading' | 'fault'>> {
  if (start === 'oldest') {
    const page = await fetchPage(scope, 'newer', null, signal)
    return { window: grow({ ...emptyWindow, older: false }, 'newer', page.records, page.more), crowded: page.crowded, goTo: page.records[0]?.key ?? null }
  }
  if (start === 'newest') {
    const page = await fetchPage(scope, 'older', null, signal)
    return { window: grow({ ...emptyWindow, newer: false }, 'older', page.records, page.more), crowded: page.crowded, goTo: null }
  }
  const [older, newer] = await Promise.all([fetchPage(scope, 'older', start + 1n, signal), fetchPage(scope, 'newer', start, signal)])
  const below = grow({ ...emptyWindow, newer: true }, 'older', older.records, older.more)
  return { window: grow(below, 'newer', newer.records, newer.more), crowded: older.crowded ?? newer.crowded, goTo: (older.records[0] ?? newer.records[0])?.key ?? null }
}

const faultOf = (cause: unknown): Fault => (cause instanceof ApiError ? cause.fault : { kind: 'execution', message: String(cause) })

export function useLogPages(scope: LogScope, start: Start = 'newest', enabled = true): LogPages {
  const [held, setHeld] = useState<Held>(nothing)
  const [attempt, setAttempt] = useState(0)
  const running = useRef<AbortController | null>(null)
  const asked = pageQuery(scope, 'older', null).text
  // A new scope starts over and abandons what was under way; what was shown stays until its answer is there.
  const run = async (work: (signal: AbortSignal) => Promise<Omit<Held, 'loading' | 'fault'>>, { anew = false } = {}) => {
    running.current?.abort()
    const controller = new AbortController()
    running.current = controller
    setHeld((previous) => ({ ...previous, loading: true, fault: null }))
    try {
      const next = await work(controller.signal)
      if (!controller.signal.aborted) setHeld({ ...next, loading: false, fault: null })
    } catch (cause) {
      if (!controller.signal.aborted) setHeld((previous) => ({ ...(anew ? nothing : previous), loading: false, fault: faultOf(cause) }))
    }
  }
  useEffect(() => {
    if (enabled) void run((signal) => fetchStart(scope, start, signal), { anew: true })
    return () => running.current?.abort()
  }, [asked, String(start), attempt, enabled])
  const extend = (side: Side) => {
    const { window, loading, fault } = held
    const edge = side === 'older' ? window.records.at(-1) : window.records[0]
    if (loading || fault || !edge || !(side === 'older' ? window.older : window.newer)) return
    void run(async (signal) => {
      const page = await fetchPage(scope, side, edge.time, signal)
      return { window: grow(window, side, page.records, page.more), crowded: page.crowded ?? held.crowded, goTo: held.goTo }
    })
  }
  const { window, loading, fault, crowded, goTo } = held
  return useMemo(
    () => ({
      ...window, loading, fault, crowded, goTo,
      loadOlder: () => extend('older'), loadNewer: () => extend('newer'),
      reload: () => setAttempt((count) => count + 1),
    }),
    [held, asked],
  )
}
