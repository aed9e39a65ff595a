import type { SpanColumns } from './model'

export type Written = [id: string, parent: string | null, start: number, duration: number, service?: string, error?: boolean, kind?: string, name?: string]

// Spans as tests write them.
export function columns(spans: readonly Written[]): SpanColumns {
  return {
    ids: spans.map(([id]) => id),
    parents: spans.map(([, parent]) => parent),
    names: spans.map((span) => span[7] ?? `op ${span[0]}`),
    services: spans.map((span) => span[4] ?? 'spam'),
    kinds: spans.map((span) => span[6] ?? 'INTERNAL'),
    starts: Float64Array.from(spans, ([, , start]) => start),
    durations: Float64Array.from(spans, ([, , , duration]) => duration),
    errors: spans.map((span) => span[5] ?? false),
  }
}
