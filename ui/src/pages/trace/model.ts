// What a trace is to its views: columns of spans, and rows in display order.

export interface SpanColumns {
  ids: readonly string[]
  parents: readonly (string | null)[]
  names: readonly string[]
  services: readonly string[]
  kinds: readonly string[]
  starts: Float64Array // nanoseconds from the start of the trace
  durations: Float64Array // nanoseconds
  errors: readonly boolean[]
}

export const flag = { orphan: 1, cycle: 2, selfParent: 4, skew: 8, duplicate: 16, placeholder: 32, outlives: 64, shared: 128 } as const

export interface TraceTree {
  spans: SpanColumns
  // One entry per row in display order. `row` fields index rows; `spanOf` gives the span, -1 for placeholders.
  spanOf: Int32Array
  depth: Int32Array
  parentRow: Int32Array
  endRow: Int32Array // first row after the subtree
  childCount: Int32Array
  flags: Uint8Array
  errorsBelow: Int32Array // errors in the subtree, itself included
  start: Float64Array
  duration: Float64Array
  missing: readonly string[] // parent ids of placeholders, in row order
  rowOfSpan: Int32Array
  total: number
  spanCount: number // spans shown: without copies of the same span
  depthMost: number
  errorCount: number
  serviceNames: readonly string[]
  extent: number // nanoseconds from first start to last end
  problems: Problems
}

export interface Problems {
  missingParents: number
  orphans: number
  cycles: number
  selfParents: number
  skewed: number
  outlives: number
  duplicates: number
  repeated: number
  roots: number
}
