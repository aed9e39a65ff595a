import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { ApiError, runSql, toObjects, type Row } from '../../api/client'
import type { Fault, LogRow, SqlValue, TailEvent } from '../../api/types'
import { useStream } from '../../api/stream'
import { parseTime } from '../../time/nanoseconds'
import { pageQuery, pageSize, type Cursor, type LogScope } from './queries'

export interface LogRecord {
  key: string
  time: bigint
  severity: number
  severityText: string
  service: string
  body: string
  bodyLength: number
  traceId: string | null
  spanId: string | null
  attributes: Record<string, SqlValue>
  resource: Record<string, SqlValue>
}

let counter = 0

function textOrNull(value: SqlValue | undefined): string | null {
  return value === null || value === undefined || value === '' ? null : String(value)
}

export function readRecord(row: Row): LogRecord {
  counter += 1
  const body = String(row['body'] ?? '')
  return {
    key: String(counter),
    time: parseTime(String(row['time'])),
    severity: Number(row['severity_number'] ?? 0),
    severityText: String(row['severity_text'] ?? ''),
    service: String(row['service_name'] ?? ''),
    body,
    bodyLength: Number(row['body_length'] ?? body.length),
    traceId: textOrNull(row['trace_id']),
    spanId: textOrNull(row['span_id']),
    attributes: (row['attributes'] ?? {}) as Record<string, SqlValue>,
    resource: (row['resource_attributes'] ?? {}) as Record<string, SqlValue>,
  }
}

export interface LogPages {
  records: readonly LogRecord[]
  fault: Fault | null
  loading: boolean
  complete: boolean
  loadOlder: () => void
  reload: () => void
}

interface Held {
  records: readonly LogRecord[]
  complete: boolean
  fault: Fault | null
  loading: boolean
}

const nothing: Held = { records: [], complete: false, fault: null, loading: true }

function cursorAfter(records: readonly LogRecord[]): Cursor | null {
  const last = records.at(-1)
  if (!last) return null
  let skip = 0
  for (let index = records.length - 1; index >= 0 && records[index]?.time === last.time; index -= 1) skip += 1
  return { before: last.time, skip }
}

// Pages backwards in time; a new scope starts over and abandons what was under way.
export function useLogPages(scope: LogScope): LogPages {
  const [held, setHeld] = useState<Held>(nothing)
  const [attempt, setAttempt] = useState(0)
  const running = useRef<AbortController | null>(null)
  const base = pageQuery(scope, null).text
  const fetchPage = useCallback(
    async (sofar: readonly LogRecord[]) => {
      running.current?.abort()
      const controller = new AbortController()
      running.current = controller
      setHeld((previous) => ({ ...previous, loading: true, fault: null }))
      try {
        const answer = await runSql(pageQuery(scope, cursorAfter(sofar)).text, { signal: controller.signal })
        const fresh = toObjects(answer).map(readRecord)
        setHeld({ records: [...sofar, ...fresh], complete: fresh.length < pageSize, fault: null, loading: false })
      } catch (cause) {
        if (controller.signal.aborted) return
        const fault: Fault = cause instanceof ApiError ? cause.fault : { kind: 'execution', message: String(cause) }
        setHeld((previous) => ({ ...previous, loading: false, fault }))
      }
    },
    [base],
  )
  useEffect(() => {
    void fetchPage([])
    return () => running.current?.abort()
  }, [fetchPage, attempt])
  const loadOlder = () => {
    if (!held.loading && !held.complete && !held.fault) void fetchPage(held.records)
  }
  return { ...held, loadOlder, reload: () => setAttempt(attempt + 1) }
}

export interface Tail {
  records: readonly LogRecord[]
  paused: boolean
  buffered: number
  dropped: number
  setPaused: (paused: boolean) => void
}

const shownLimit = 2000
const bufferLimit = 5000

// Newest first. While paused, rows wait in a bounded buffer; what does not fit is counted, not kept.
export function useTail(path: string | null): Tail {
  const [records, setRecords] = useState<readonly LogRecord[]>([])
  const [paused, setPaused] = useState(false)
  const [dropped, setDropped] = useState(0)
  const [buffered, setBuffered] = useState(0)
  const buffer = useRef<LogRecord[]>([])
  useEffect(() => {
    setRecords([])
    setDropped(0)
    setPaused(false)
    setBuffered(0)
    buffer.current = []
  }, [path])
  const onRows = ({ rows, dropped: lost }: TailEvent) => {
    const fresh = rows.map((row: LogRow) => readRecord(row as unknown as Row)).reverse()
    if (lost > 0) setDropped((sum) => sum + lost)
    if (!paused) {
      setRecords((previous) => [...fresh, ...previous].slice(0, shownLimit))
      return
    }
    const all = [...fresh, ...buffer.current]
    if (all.length > bufferLimit) setDropped((sum) => sum + all.length - bufferLimit)
    buffer.current = all.slice(0, bufferLimit)
    setBuffered(buffer.current.length)
  }
  useStream<TailEvent>(path, 'rows', onRows)
  const resume = (pause: boolean) => {
    setPaused(pause)
    if (pause) return
    const waiting = buffer.current
    buffer.current = []
    setBuffered(0)
    setRecords((previous) => [...waiting, ...previous].slice(0, shownLimit))
  }
  return { records, paused, buffered, dropped, setPaused: resume }
}
