import { describe, expect, it } from 'vitest'
import { facetQuery, histogramQuery, pageQuery, withoutQuery, type LogScope } from '../queries'
import { offered } from './offered'

const scope: LogScope = {
  range: { from: 1_700_000_000_000_000_000n, to: 1_700_000_060_000_000_000n },
  filters: [{ key: 'severity', op: '=', value: 'ERROR' }, { key: 'service', op: '=', value: 'spam' }, { key: 'duration', op: '>', value: '1s' }],
  search: 'fire',
}

describe('facets', () => {
  it('ignore their own filter, and no other', () => {
    const query = facetQuery(scope, 'severity', 9).text
    expect(query).not.toContain('BETWEEN 17 AND 20')
    for (const part of [`"service_name" = 'spam'`, `ILIKE '%fire%'`, 'LIMIT 9']) expect(query).toContain(part)
    expect(facetQuery(scope, 'http.route', 9).text).toContain('BETWEEN 17 AND 20')
  })

  it('are offered by what helps most', () => {
    const key = (name: string, count: number, scope = 'attributes', table = 'logs') => ({ table, scope, key: name, type: 'string', count })
    expect(offered([key('code.function.name', 90), key('user.id', 99), key('http.route', 5), key('host.name', 7, 'resource_attributes'), key('service.name', 100, 'resource_attributes'), key('a', 1, 'attributes', 'spans'), key('exception.stacktrace', 9), key('code.line.number', 95), key('logger', 91)]))
      .toEqual(['resource:host.name', 'http.route', 'logger', 'code.function.name'])
  })
})

describe('pages', () => {
  it('go by time, and never count rows', () => {
    const older = pageQuery(scope, 'older', 1_700_000_030_000_000_007n).text
    expect(older).toContain(`"time" < TIMESTAMP '2023-11-14T22:13:50.000000007Z'`)
    expect(older).toContain('ORDER BY time DESC')
    const newer = pageQuery(scope, 'newer', 1_700_000_030_000_000_007n).text
    expect(newer).toContain(`"time" >= TIMESTAMP '2023-11-14T22:13:50.000000008Z'`)
    expect(newer).toContain('ORDER BY time ASC')
    for (const query of [older, newer]) expect(query).not.toContain('OFFSET')
  })

  it('count what each condition takes away', () => {
    const query = withoutQuery(scope).text
    expect(query).toContain(`count(*) FILTER (WHERE "service_name" = 'spam' AND "body" ILIKE '%fire%') AS without_0`)
    expect(query).toContain(`count(*) FILTER (WHERE "severity_number" BETWEEN 17 AND 20 AND "service_name" = 'spam') AS without_2`)
  })

  it('are counted by a field, with the rest as one', () => {
    expect(histogramQuery(scope, 60, 'service', ['spam', "o'brien"]).text).toContain(`IN ('spam', 'o''brien') THEN`)
    expect(histogramQuery(scope, 60).text).toContain("'UNSET'")
  })
})
