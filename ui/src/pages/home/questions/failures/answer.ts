import type { Row } from '../../../../api/client'

export interface Failing {
  service: string
  total: number
  failed: number
  rate: number
  // Below a number of requests a rate says nothing.
  judged: boolean
}

export const requestsLeast = 20

export interface FailuresAnswer {
  total: number
  failed: number
  services: Failing[] // only those that fail; by rate, those that cannot be judged last
  worst: Failing | null // by rate
  most: Failing | null // by count, where that is another service
}

// A service without requests of its own (a batch job, say) is judged by its spans.
export function answerFailures(rows: readonly Row[]): FailuresAnswer {
  const all = rows.map((row): Failing => {
    const own = Number(row['requests']) > 0
    const total = Number(own ? row['requests'] : row['spans'])
    const failed = Number(own ? row['failed'] : row['span_errors'])
    return { service: String(row['service_name']), total, failed, rate: total > 0 ? failed / total : 0, judged: total >= requestsLeast }
  })
  const services = all
    .filter(({ failed }) => failed > 0)
    .sort((left, right) => Number(right.judged) - Number(left.judged) || right.rate - left.rate || right.failed - left.failed)
  const worst = services.find(({ judged }) => judged) ?? services[0] ?? null
  const most = services.reduce<Failing | null>((best, next) => (best === null || next.failed > best.failed ? next : best), null)
  const sum = (key: 'requests' | 'failed') => rows.reduce((total, row) => total + Number(row[key]), 0)
  return { total: sum('requests'), failed: sum('failed'), services, worst, most: most?.service === worst?.service ? null : most }
}
