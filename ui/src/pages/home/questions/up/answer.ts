import type { Row } from '../../../../api/client'
import { parseTime, toMilliseconds } from '../../../../time/nanoseconds'

export type State = 'failing' | 'silent' | 'unknown' | 'receiving'

export interface ServiceState {
  name: string
  state: State
  lastSeen: number // epoch milliseconds
  requests: number
  failed: number
}

// Metrics leave once a minute by default, so that one missed export is no silence yet.
export const silentAfterMs = 150_000
export const recentNs = 300n * 1_000_000_000n
const failedLeast = 5
const failedShareLeast = 0.5

// A server that began to listen a moment ago cannot tell silence from its own absence.
function stateOf(lastSeen: number, requests: number, failed: number, now: number, listeningSince: number | null): State {
  if (now - lastSeen > silentAfterMs) {
    const tooNew = listeningSince !== null && listeningSince <= now && now - listeningSince < silentAfterMs
    return tooNew ? 'unknown' : 'silent'
  }
  return failed >= failedLeast && failed / requests >= failedShareLeast ? 'failing' : 'receiving'
}

const rank: Record<State, number> = { failing: 0, silent: 1, unknown: 2, receiving: 3 }

export function answerUp(rows: readonly Row[], now: number, listeningSince: number | null): ServiceState[] {
  const states = rows.map((row): ServiceState => {
    const lastSeen = toMilliseconds(parseTime(String(row['last_seen'])))
    const [requests, failed] = [Number(row['requests']), Number(row['failed'])]
    return { name: String(row['service_name']), state: stateOf(lastSeen, requests, failed, now, listeningSince), lastSeen, requests, failed }
  })
  return states.sort((left, right) => rank[left.state] - rank[right.state] || left.name.localeCompare(right.name))
}
