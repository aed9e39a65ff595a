import type { Row } from '../../../../api/client'

export interface Hop {
  client: string
  server: string
  calls: number
  measured: number // those that did not fail
  overrun: number | null // null where that is not known
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
        overrun: row['overrun'] === undefined ? null : Number(row['overrun']),
        p50: Number(hop[0]),
        p95: Number(hop[1]),
        callP50: Number(call[0]),
        share: root > 0 ? Number(row['hop_sum']) / root : null,
      }
    })
}

// Shares of traces, found in a part of the range, for the calls of all of it.
export function withShares(hops: readonly Hop[], part: readonly Hop[]): Hop[] {
  const shares = new Map(part.map(({ client, server, share }) => [`${client}\n${server}`, share]))
  return hops.map((hop) => ({ ...hop, share: shares.get(`${hop.client}\n${hop.server}`) ?? null }))
}
