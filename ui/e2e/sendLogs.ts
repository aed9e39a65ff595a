// Sends log records as any OTLP exporter does, in JSON.
import { address } from './browser'

export interface Sent {
  time: bigint
  body: string
  severity?: number
  observed?: bigint
  traceId?: string
  spanId?: string
  attributes?: Record<string, string | number>
}

const valueOf = (value: string | number) => (typeof value === 'number' ? { intValue: String(value) } : { stringValue: value })
const pairs = (of: Record<string, string | number>) => Object.entries(of).map(([key, value]) => ({ key, value: valueOf(value) }))
const names: Record<number, string> = { 5: 'DEBUG', 9: 'INFO', 13: 'WARN', 17: 'ERROR' }

export async function sendLogs(resource: Record<string, string>, records: readonly Sent[]): Promise<void> {
  const status = (await (await fetch(`${address}/api/status`)).json()) as { addresses: { otlp_http: string } }
  for (let at = 0; at < records.length; at += 2000) {
    const logRecords = records.slice(at, at + 2000).map(({ time, body, severity = 9, observed, traceId, spanId, attributes = {} }) => ({
      timeUnixNano: String(time), observedTimeUnixNano: String(observed ?? time), severityNumber: severity, severityText: names[severity] ?? '',
      body: { stringValue: body }, attributes: pairs(attributes), ...(traceId ? { traceId } : {}), ...(spanId ? { spanId } : {}),
    }))
    const response = await fetch(`${status.addresses.otlp_http.replace(/\/$/, '')}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceLogs: [{ resource: { attributes: pairs(resource) }, scopeLogs: [{ scope: { name: 'e2e' }, logRecords }] }] }),
    })
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  }
}

export const now = (): bigint => BigInt(Date.now()) * 1_000_000n
