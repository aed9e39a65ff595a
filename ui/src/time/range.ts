import { fromMilliseconds, parseTime, writeTime } from './nanoseconds'
import { parseDuration } from './duration'

// What the URL says: `range=1h`, or `from=` and `to=` for an absolute window.
export type RangeSpec = { kind: 'relative'; span: string } | { kind: 'absolute'; from: bigint; to: bigint }

export interface Range {
  from: bigint
  to: bigint
}

export const presets = ['5m', '15m', '1h', '6h', '24h', '7d', '30d'] as const
export const defaultSpan = '1h'

export function parseRange(params: URLSearchParams): RangeSpec {
  const from = params.get('from')
  const to = params.get('to')
  if (from && to) {
    try {
      const window = { from: parseTime(from), to: parseTime(to) }
      if (window.to > window.from) return { kind: 'absolute', ...window }
    } catch {
      // A hand-edited address falls back to the default range.
    }
  }
  const span = params.get('range') ?? defaultSpan
  return { kind: 'relative', span: parseDuration(span) === null ? defaultSpan : span }
}

export function writeRange(params: URLSearchParams, spec: RangeSpec): void {
  for (const key of ['range', 'from', 'to']) params.delete(key)
  if (spec.kind === 'absolute') {
    params.set('from', writeTime(spec.from))
    params.set('to', writeTime(spec.to))
  } else if (spec.span !== defaultSpan) params.set('range', spec.span)
}

export function resolveRange(spec: RangeSpec, nowMs: number): Range {
  if (spec.kind === 'absolute') return { from: spec.from, to: spec.to }
  const to = fromMilliseconds(nowMs)
  return { from: to - BigInt(Math.round(parseDuration(spec.span) ?? 3600e9)), to }
}

const niceSeconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400]

// The bucket width in seconds that splits a range into at most `most` buckets.
export function bucketSeconds({ from, to }: Range, most = 90): number {
  const wanted = Number(to - from) / 1e9 / most
  return niceSeconds.find((seconds) => seconds >= wanted) ?? Math.ceil(wanted / 86_400) * 86_400
}

// Every bucket start (epoch seconds) of the range, so that silence shows as zero and not as a gap.
export function bucketStarts({ from, to }: Range, seconds: number): number[] {
  const first = Math.floor(Number(from / 1_000_000_000n) / seconds) * seconds
  const last = Number(to / 1_000_000_000n)
  const starts: number[] = []
  for (let start = first; start <= last; start += seconds) starts.push(start)
  return starts
}
