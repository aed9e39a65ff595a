import { describe, expect, it } from 'vitest'
import type { StatusEvent } from '../../api/types'
import { diagnose } from './diagnosis'

const event = (reasons: string[], reached = 0): StatusEvent => ({
  signals: {} as StatusEvent['signals'],
  services: [],
  refused_total: reasons.length,
  requests_reached: reached,
  last_refusals: reasons.map((reason) => ({ at: '2026-01-01T00:00:00Z', protocol: 'otlp_http', reason, message: reason })),
})

describe('diagnose', () => {
  const cases: { what: string; event: StatusEvent | null; data: boolean; findings: string[] }[] = [
    { what: 'data came', event: event(['unauthorized'], 3), data: true, findings: [] },
    { what: 'no contact at all', event: event([]), data: false, findings: ['nothingArrives'] },
    { what: 'the event stream is not open yet', event: null, data: false, findings: ['nothingArrives'] },
    { what: 'requests without data', event: event([], 4), data: false, findings: ['reachedNoData'] },
    { what: 'latest refusal first, each once', event: event(['unauthorized', 'grpc_on_http_port', 'unauthorized'], 3), data: false, findings: ['unauthorized', 'grpcOnHttp'] },
    { what: 'an unknown reason', event: event(['odd_thing'], 1), data: false, findings: ['refused'] },
  ]
  for (const { what, event: seen, data, findings } of cases) {
    it(what, () => expect(diagnose(seen, data).map(({ finding }) => finding)).toEqual(findings))
  }
})
