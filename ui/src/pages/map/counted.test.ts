import { describe, expect, it } from 'vitest'
import type { Row } from '../../api/client'
import type { Filter } from '../../sql/filter'
import { parseTime } from '../../time/nanoseconds'
import { countedEdgesQuery, endsQuery } from './counted'
import { tracesOfEnds, withEnds } from './ends'
import { readGraph } from './graph'
import { arrivalsQuery, mapIsCounted, nodesQuery } from './queries'

const to = parseTime('2026-11-21T15:00:00Z')
const minutesLong = (minutes: number) => ({ from: to - BigInt(minutes) * 60_000_000_000n, to })
const service: Filter = { key: 'service', op: '=', value: 'web' }

describe('whether the map is counted', () => {
  const cases: [what: string, minutes: number, filters: Filter[], counted: boolean][] = [
    ['an hour', 60, [], true],
    ['half an hour', 30, [], true],
    ['less', 29, [], false],
    ['traces of a service', 60, [service], false],
    ['traces of a user', 60, [{ key: 'user.id', op: '=', value: 'a' }], false],
  ]
  for (const [what, minutes, filters, counted] of cases) {
    it(what, () => {
      const scope = { range: minutesLong(minutes), filters }
      expect(mapIsCounted(scope)).toBe(counted)
      expect(nodesQuery(scope).text).toContain(counted ? 'FROM span_metrics\n' : 'FROM spans\n')
    })
  }
})

describe('queries of the counted map', () => {
  const range = { from: parseTime('2026-11-21T14:00:30Z'), to }
  const cases: [what: string, text: string, contains: string[]][] = [
    ['all calls', countedEdgesQuery(range).text, ['"time" >= TIMESTAMP \'2026-11-21T14:00:00', '"time" < TIMESTAMP \'2026-11-21T15:00:00']],
    ['of a client', countedEdgesQuery(range, 'down', "o'brien").text, ["AND client = 'o''brien'"]],
    ['of a server', countedEdgesQuery(range, 'up', "o'brien").text, ["AND server = 'o''brien' AND connection_type IN ('', 'messaging_system')"]],
    ['from outside', arrivalsQuery(range).text, ['"start_time" >= TIMESTAMP \'2026-11-21T14:00:30', 'parent_span_id IS NULL']],
    ['from outside, of a server', arrivalsQuery(range, "o'brien").text, ["AND service_name = 'o''brien'"]],
    ['ends', endsQuery(range, ['aa', 'bb']).text, ["trace_id IN ('aa', 'bb')", '"start_time" >= TIMESTAMP \'2026-11-21T13:59:30']],
  ]
  for (const [what, text, contains] of cases) {
    it(what, () => {
      for (const part of contains) expect(text).toContain(part)
      expect(text).toMatch(/LIMIT \d+$/)
    })
  }
})

const call = (source: string, target: string, kind: string, trace: string | null): Row => ({ source, source_kind: 'service', target, target_kind: kind, calls: 1, failed: 0, trace_id: trace })

describe('traces that tell of ends', () => {
  const cases: [what: string, calls: Row[], traces: string[]][] = [
    ['none', [], []],
    ['one for each call that adds an end', [call('a', 'b', 'service', 't1'), call('b', 'a', 'service', 't2'), call('a', 'b', 'database', 't3')], ['t1', 't3']],
    ['a call without a trace adds none', [call('a', 'b', 'service', null), call('a', 'b', 'service', 't2')], ['t2']],
    ['each trace once', [call('a', 'b', 'service', 't1'), call('b', 'c', 'service', 't1')], ['t1']],
  ]
  for (const [what, calls, traces] of cases) it(what, () => expect(tracesOfEnds(calls)).toEqual(traces))
})

describe('ends are named', () => {
  const kinds: [target: string, kind: string][] = [['shop', 'service'], ['pg', 'database'], ['sqlite', 'database'], ['kafka', 'queue'], ['card.example', 'peer'], ['unseen', 'peer']]
  const graph = withEnds(readGraph([], kinds.map(([target, kind]) => call('web', target, kind, null))), [
    { source: 'shop', target: null, peer_key: null, system: null, broker: null, namespace: 'ns' },
    { source: 'web', target: 'pg', peer_key: 'server.address', system: 'postgresql', broker: null, namespace: null },
    { source: 'web', target: 'sqlite', peer_key: null, system: 'sqlite', broker: null, namespace: null },
    { source: 'web', target: 'kafka', peer_key: null, system: null, broker: 'kafka', namespace: null },
    { source: 'web', target: 'card.example', peer_key: 'peer.service', system: null, broker: null, namespace: null },
  ])
  const cases: [name: string, system: string | null, namespace: string | null, filters: string[]][] = [
    ['shop', null, 'ns', ['service=shop']],
    ['web', null, null, ['service=web']],
    ['pg', 'postgresql', null, ['db.system.name=postgresql', 'server.address=pg']],
    ['sqlite', 'sqlite', null, ['db.system.name=sqlite']],
    ['kafka', 'kafka', null, ['messaging.system=kafka']],
    ['card.example', null, null, ['peer.service=card.example']],
    ['unseen', null, null, []],
  ]
  for (const [name, system, namespace, filters] of cases) {
    it(name, () => {
      const node = graph.nodes.find((one) => one.name === name)
      expect([node?.system, node?.namespace]).toEqual([system, namespace])
      expect(node?.filters.map(({ key, op, value }) => `${key}${op}${value}`)).toEqual(filters)
    })
  }
})
