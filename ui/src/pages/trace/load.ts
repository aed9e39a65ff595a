// Fetches the columns of a trace; large answers are parsed and laid out in a worker.
import { ApiError, runSqlBytes } from '../../api/client'
import type { SqlAnswer } from '../../api/types'
import { integer, sql, text, type Sql } from '../../sql/escape'
import { readTrace } from './readTrace'
import { unpackTrace, type PackedTrace, type Trace } from './trace'

export const spanLimit = 250_000
const firstPart = 50_000 // a larger trace shows this many while the rest is on its way
const inlineBytes = 1_500_000 // about 13,000 spans: below, starting a worker takes longer than the work

// Only the columns that are drawn; attributes are asked for one span at a time.
export const spansQuery = (traceId: string, most: number = spanLimit): Sql => sql`SELECT span_id, parent_span_id, name, service_name, start_time, duration_ns, status_code, kind
FROM spans
WHERE trace_id = ${text(traceId)}
ORDER BY start_time
LIMIT ${integer(most)}`

export async function loadTrace(traceId: string, signal: AbortSignal, onPart: (part: Trace) => void): Promise<Trace> {
  const first = await fetchSpans(traceId, firstPart + 1, signal)
  if (first.tree.spans.ids.length <= firstPart) return first
  onPart({ ...first, truncated: false })
  const whole = await fetchSpans(traceId, spanLimit, signal)
  return { ...whole, truncated: whole.tree.spans.ids.length >= spanLimit }
}

async function fetchSpans(traceId: string, most: number, signal: AbortSignal): Promise<Trace> {
  const bytes = await runSqlBytes(spansQuery(traceId, most).text, { limit: most, signal })
  if (bytes.byteLength > inlineBytes && typeof Worker !== 'undefined') return readInWorker(bytes, signal)
  return readTrace(JSON.parse(new TextDecoder().decode(bytes)) as SqlAnswer)
}

function readInWorker(bytes: ArrayBuffer, signal: AbortSignal): Promise<Trace> {
  const worker = new Worker(new URL('./trace.worker.ts', import.meta.url), { type: 'module' })
  return new Promise<Trace>((resolve, reject) => {
    const fail = (message: string) => reject(new ApiError({ kind: signal.aborted ? 'cancelled' : 'execution', message }, 0))
    worker.onmessage = ({ data }: MessageEvent<PackedTrace>) => resolve(unpackTrace(data))
    worker.onerror = ({ message }) => fail(message)
    signal.addEventListener('abort', () => fail('cancelled'))
    worker.postMessage(bytes, [bytes])
  }).finally(() => worker.terminate())
}
