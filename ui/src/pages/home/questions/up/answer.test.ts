import { describe, expect, it } from 'vitest'
import { answerUp, type State } from './answer'

const now = Date.parse('2026-11-21T15:00:00Z')
const earlier = Date.parse('2026-11-20T00:00:00Z')

describe('is it up', () => {
  const cases: [what: string, lastSeen: string, requests: number, failed: number, listeningSince: number | null, state: State][] = [
    ['just seen', '2026-11-21T14:59:58.5Z', 10, 0, earlier, 'receiving'],
    ['no requests at all', '2026-11-21T14:59:58Z', 0, 0, earlier, 'receiving'],
    ['a clock that is ahead', '2026-11-21T15:00:20Z', 0, 0, earlier, 'receiving'],
    ['one export missed', '2026-11-21T14:58:00Z', 0, 0, earlier, 'receiving'],
    ['silent', '2026-11-21T14:48:00Z', 0, 0, earlier, 'silent'],
    ['silent, and it failed before', '2026-11-21T14:56:00Z', 10, 10, earlier, 'silent'],
    ['failing', '2026-11-21T14:59:59Z', 10, 5, earlier, 'failing'],
    ['a few failures', '2026-11-21T14:59:59Z', 4, 4, earlier, 'receiving'],
    ['fails now and then', '2026-11-21T14:59:59Z', 1000, 400, earlier, 'receiving'],
    ['the server itself has just begun', '2026-11-21T14:48:00Z', 0, 0, now - 60_000, 'unknown'],
    ['the server began after the time looked at', '2026-11-21T14:48:00Z', 0, 0, now + 60_000, 'silent'],
    ['the server does not say', '2026-11-21T14:48:00Z', 0, 0, null, 'silent'],
  ]
  for (const [what, last_seen, requests, failed, listeningSince, state] of cases) {
    it(what, () => expect(answerUp([{ service_name: 'a', last_seen, requests, failed }], now, listeningSince)[0]?.state).toBe(state))
  }

  it('shows trouble first', () => {
    const row = (service_name: string, last_seen: string, failed: number) => ({ service_name, last_seen, requests: 10, failed })
    const states = answerUp([row('b', '2026-11-21T15:00:00Z', 0), row('a', '2026-11-21T15:00:00Z', 0), row('c', '2026-11-21T14:00:00Z', 0), row('d', '2026-11-21T15:00:00Z', 9)], now, earlier)
    expect(states.map(({ name }) => name)).toEqual(['d', 'c', 'a', 'b'])
  })
})
