// Shapes of the server's own API, as documented by /api/openapi.json.

export type SignalName = 'spans' | 'logs' | 'metrics'

export interface SqlColumn {
  name: string
  type: string
}

export type SqlValue = string | number | boolean | null | SqlValue[] | { [key: string]: SqlValue }

export interface SqlStats {
  elapsed_ms: number
  files: number
  row_groups: number
  bytes_read: number
  rows_read: number
  rows_returned: number
}

export interface SqlAnswer {
  columns: SqlColumn[]
  rows: SqlValue[][]
  stats: SqlStats
  truncated: boolean
  /** What the answer lacks: files that proved damaged while it was read. */
  warnings?: string[]
}

export type FaultKind = 'parse' | 'plan' | 'limit' | 'timeout' | 'execution' | 'cancelled' | 'network' | 'busy'

export interface Fault {
  kind: FaultKind
  message: string
  position?: { line: number; column: number }
}

export interface SchemaColumn {
  name: string
  type: string
  description: string
}

export interface SchemaTable {
  name: string
  columns: SchemaColumn[]
}

export interface AttributeKey {
  table: string
  scope: string
  key: string
  type: string
  count: number
}

export interface Schema {
  tables: SchemaTable[]
  attribute_keys: AttributeKey[]
}

export interface SignalFlow {
  accepted: number
  per_second: number
  last_received_at: string | null
}

export interface SignalStatus extends SignalFlow {
  rows: number
  files: number
  bytes: number
  oldest: string | null
  newest: string | null
}

export interface RefusalCount {
  signal: string
  protocol: string
  reason: string
  count: number
}

// A metric with more series than there may be, and the attribute with the most values among those refused.
export interface RefusedSeries {
  metric: string
  active: number
  points: number
  attribute: string | null
  values: number | null
}

export interface Status {
  version: string
  started_at: string
  ready: boolean
  data_dir: string
  tenant: string
  addresses: { http: string; otlp_grpc: string; otlp_http: string }
  signals: Record<SignalName, SignalStatus>
  refused: RefusalCount[]
  series: { active: number; limit: number; limit_of_metric: number; refused: RefusedSeries[] }
  wal: { bytes: number; segments: number }
  memory: { rows: number; bytes: number; limit_bytes: number }
  flushes: { count: number; last_ms: number | null; last_error: string | null; last_at: string | null }
  compactions: { count: number }
  disk: { lake_bytes: number; free_bytes: number }
  retention: Record<SignalName, string>
  warnings: string[]
}

export interface Refusal {
  at: string
  protocol: string
  reason: string
  message: string
}

export interface StatusEvent {
  signals: Record<SignalName, SignalFlow>
  services: string[]
  refused_total: number
  requests_reached: number
  last_refusals: Refusal[]
}

export interface LogRow {
  time: string
  severity_number: number
  severity_text: string
  service_name: string
  body: string
  trace_id: string | null
  span_id: string | null
  attributes: Record<string, SqlValue>
  resource_attributes: Record<string, SqlValue>
}

export interface TailEvent {
  rows: LogRow[]
  dropped: number
}
