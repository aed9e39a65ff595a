import { describe, expect, it } from 'vitest'
import { parseFilter, type Filter } from '../../../sql/filter'
import { readRecord } from '../record'
import { searchConditions } from './compile'
import { matcher, unseen } from './match'
import { idOf, parseSearch, without, wordsOf, writeTerm } from './parse'

const trace = '4bf92f3577b34da6a3ce929d0e0e4736'

const record = readRecord({
  time: '2026-11-22T06:00:00.000000001Z', severity_number: 17, severity_text: 'ERROR', service_name: 'spam',
  body: 'Pan on fire: 50% of eggs lost', trace_id: trace, span_id: null,
  attributes: { 'http.route': '/eggs/{kind}', 'http.response.status_code': 503, 'user.id': 'a "b" c' }, resource_attributes: { 'host.name': 'kitchen-1' },
})

describe('a search', () => {
  // Typed, the condition in SQL, and whether the record above is found.
  const cases: [search: string, sql: string[], found: boolean][] = [
    ['', [], true],
    ['pan FIRE', [`"body" ILIKE '%pan%'`, `"body" ILIKE '%FIRE%'`], true],
    ['"on fire"', [`"body" ILIKE '%on fire%'`], true],
    ['"fire on"', [`"body" ILIKE '%fire on%'`], false],
    ['-water', [`("body" ILIKE '%water%') IS NOT TRUE`], true],
    ['-"on fire"', [`("body" ILIKE '%on fire%') IS NOT TRUE`], false],
    ["it's 50%", [`"body" ILIKE '%it''s%'`, `"body" ILIKE '%50\\%%'`], false],
    ['service:spam', [`"service_name" = 'spam'`], true],
    ['-service:spam', [`("service_name" = 'spam') IS NOT TRUE`], false],
    ['level:error', ['"severity_number" BETWEEN 17 AND 20'], true],
    ['severity:>=warn', ['"severity_number" >= 13'], true],
    ['-level:ERROR', ['("severity_number" BETWEEN 17 AND 20) IS NOT TRUE'], false],
    ['host.name:kitchen-1', [`coalesce(CAST(attributes['host.name'] AS VARCHAR), CAST(resource_attributes['host.name'] AS VARCHAR)) = 'kitchen-1'`], true],
    ['resource:host.name:kitchen-2', [`resource_attributes['host.name'] = 'kitchen-2'`], false],
    ['http.route:/eggs/{kind}', [`coalesce(CAST(attributes['http.route'] AS VARCHAR), CAST(resource_attributes['http.route'] AS VARCHAR)) = '/eggs/{kind}'`], true],
    ['host.name:KITCHEN*', [`CAST(coalesce(CAST(attributes['host.name'] AS VARCHAR), CAST(resource_attributes['host.name'] AS VARCHAR)) AS VARCHAR) ILIKE 'KITCHEN%'`], true],
    ['service:e*s', [`CAST("service_name" AS VARCHAR) ILIKE 'e%s'`], false],
    ['user.id:*', [`coalesce(CAST(attributes['user.id'] AS VARCHAR), CAST(resource_attributes['user.id'] AS VARCHAR)) IS NOT NULL`], true],
    ['-absent:*', [`(coalesce(CAST(attributes['absent'] AS VARCHAR), CAST(resource_attributes['absent'] AS VARCHAR)) IS NOT NULL) IS NOT TRUE`], true],
    ['http.response.status_code:>=500', [`TRY_CAST(coalesce(CAST(attributes['http.response.status_code'] AS VARCHAR), CAST(resource_attributes['http.response.status_code'] AS VARCHAR)) AS DOUBLE) >= 500`], true],
    ['body:~FIRE', [`CAST("body" AS VARCHAR) ILIKE '%FIRE%'`], true],
    [trace, [`("trace_id" = '${trace}' OR "body" ILIKE '%${trace}%')`], true],
    ['4BF92F35-77B3-4DA6-A3CE-929D0E0E4736', [`("trace_id" = '${trace}' OR "body" ILIKE '%4BF92F35-77B3-4DA6-A3CE-929D0E0E4736%')`], true],
    [`trace:${trace.toUpperCase()}`, [`"trace_id" = '${trace}'`], true],
    ['00f067aa0ba902b7', [`("span_id" = '00f067aa0ba902b7' OR "body" ILIKE '%00f067aa0ba902b7%')`], false],
    ['http://x std::io C:\\eggs fire:', [`"body" ILIKE '%http://x%'`, `"body" ILIKE '%std::io%'`, `"body" ILIKE '%C:\\\\eggs%'`, `"body" ILIKE '%fire:%'`], false],
    ['12:30', [`"body" ILIKE '%12:30%'`], false],
    ['"unclosed phrase', [`"body" ILIKE '%unclosed phrase%'`], false],
  ]
  for (const [search, sql, found] of cases) {
    it(search || 'that is empty', () => {
      expect(searchConditions(search).map((condition) => condition.text)).toEqual(sql)
      expect(matcher([], parseSearch(search))(record)).toBe(found)
    })
  }

  it('cannot leave its quotes', () => expect(searchConditions(`user.id:"'; DROP TABLE logs --"`)[0]?.text).toContain(`= '''; DROP TABLE logs --'`))

  it('loses one of its terms', () => expect(without('pan -"on fire" level:error', 1)).toBe('pan level:error'))

  it('tells what to mark', () => expect(wordsOf(parseSearch('pan -water "on fire" level:error body:~lost'))).toEqual(['pan', 'on fire', 'lost']))

  for (const value of ['spam', '/eggs/{kind}', 'a "b" c', 'two words', '>5', '*', 'back\\slash', '"']) {
    it(`finds ${value} again`, () => expect(parseSearch(writeTerm('user.id', value))).toMatchObject([{ kind: 'field', not: false, filter: { key: '.user.id', op: '=', value } }]))
  }
})

describe('ids', () => {
  const cases: [word: string, id: ReturnType<typeof idOf>][] = [
    [trace, { id: trace, of: 'trace_id' }],
    [`00-${trace}-00f067aa0ba902b7-01`, { id: trace, of: 'trace_id' }],
    ['00f067aa0ba902b7', { id: '00f067aa0ba902b7', of: 'span_id' }],
    ['1700000000000000', null],
    ['deadbeef', null],
    [`${trace}0`, null],
  ]
  for (const [word, id] of cases) it(word, () => expect(idOf(word)).toEqual(id))
})

describe('chips on records of the tail', () => {
  const cases: [filter: string, found: boolean][] = [
    ['service=spam', true], ['service!=spam', false], ['severity>WARN', true], ['severity<=WARN', false], ['severity!=ERROR', false], ['severity=nonsense', false],
    ['http.route~EGGS', true], ['http.route!~eggs', false], ['http.response.status_code>500', true], ['http.response.status_code<500', false], ['user.id?', true], ['absent?', false],
    ['absent=', true], ['absent!=', false], ['absent!=x', true], ['resource:host.name=kitchen-1', true], ['host.name=kitchen-1', false], ['duration>5s', true], ['scope=x', true],
  ]
  for (const [written, found] of cases) it(written, () => expect(matcher([parseFilter(written) as Filter], [])(record)).toBe(found))

  it('says what the tail does not know', () => expect(unseen([{ key: 'scope', op: '=', value: 'x' }], parseSearch('event_name:paid service:spam'))).toEqual(['scope', 'event_name']))
})
