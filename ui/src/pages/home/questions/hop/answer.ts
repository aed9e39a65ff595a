import type { Row } from '../../../../api/client'

export interface Hop {
  client: string
  server: string
  calls: number
  measured: number // those that did not fail
  overrun: number
  p50: number
  p95: number
  callP50: number
  // What the hop takes of the time that the whole trace takes; null where its root is not known.
  share: number | null
}

export function answerHop(rows: readonly Row[]): Hop[] {
  return rows
    .filter((row) => Array.isArray(row['hop']))
    .map((row) => {
      const hop = row['hop'] as number[]
      const call = row['client_side'] as number[]
      const root = Number(row['root_sum'] ?? 0)
      return {
        client: String(row['client']),
        server: String(row['server']),
        calls: Number(row['calls']),
        measured: Number(row['measured']),
        overrun: Number(row['overrun']),
        p50: Number(hop[0]),
        p95: Number(hop[1]),
        callP50: Number(call[0]),
        share: root > 0 ? Number(row['hop_sum']) / root : null,
      }
    })
}
