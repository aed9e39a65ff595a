import { describe, expect, it } from 'vitest'
import type { Filter } from '../sql/filter'
import { faultOfText } from '../api/fault'
import { escapeName } from './answer'
import { by, filterKeyOf, filterValueOf, literally, matcherOf, promDuration, quoted, readPromDuration, selector, writeMatcher } from './text'

describe('PromQL from text', () => {
  const cases: [what: string, made: string, written: string][] = [
    ['a name', selector('up'), 'up'],
    ['everything', selector(''), '{__name__!=""}'],
    ['a name of other letters', selector('http.requests', [{ label: 'a', op: '=', value: 'b' }]), '{"http.requests", a="b"}'],
    ['matchers', selector('up', [{ label: 'job', op: '=~', value: 'a|b' }, { label: 'host.name', op: '!=', value: '' }]), 'up{job=~"a|b", "host.name"!=""}'],
    ['quotes and backslashes', quoted('a"b\\c\nd'), '"a\\"b\\\\c\\nd"'],
    ['a value as it stands', literally('a.b*(c)'), 'a\\.b\\*\\(c\\)'],
    ['labels', by(['a', 'b.c']), ' by (a, "b.c")'],
    ['no labels', by([]), ''],
  ]
  for (const [what, made, written] of cases) it(what, () => expect(made).toBe(written))
})

describe('filters as matchers', () => {
  const cases: [filter: Filter, metric: string, written: string | null][] = [
    [{ key: 'service', op: '=', value: 'spam' }, 'up', 'service_name="spam"'],
    [{ key: 'service', op: '=', value: 'spam' }, 'traces_spanmetrics_calls_total', 'service="spam"'],
    [{ key: 'kind', op: '=', value: 'SERVER' }, 'traces_spanmetrics_calls_total', 'span_kind="SPAN_KIND_SERVER"'],
    [{ key: 'kind', op: '=', value: 'SERVER' }, 'up', null],
    [{ key: 'http.route', op: '!=', value: '/a"b' }, 'up', 'http_route!="/a\\"b"'],
    [{ key: 'http.route', op: '~', value: 'x.y' }, 'up', 'http_route=~"(?i).*x\\\\.y.*"'],
    [{ key: 'resource:host.name', op: '?', value: '' }, 'up', 'host_name!=""'],
    [{ key: 'duration', op: '>', value: '5s' }, 'up', null],
    [{ key: 'size', op: '>', value: '5' }, 'up', null],
    [{ key: 'metric', op: '=', value: 'up' }, '', '__name__="up"'],
  ]
  for (const [filter, metric, written] of cases) {
    it(`${filter.key} ${filter.op} ${filter.value} of ${metric}`, () => {
      const matcher = matcherOf(filter, metric)
      expect(matcher ? writeMatcher(matcher) : null).toBe(written)
    })
  }
  it('knows the way back', () => {
    expect(['service_name', 'http_route', 'odd'].map((label) => filterKeyOf(label, 'up', ['http.route']))).toEqual(['service', 'http.route', 'odd'])
    expect(filterKeyOf('type', 'up', ['type'])).toBe('.type')
    expect(matcherOf({ key: '.type', op: '=', value: 'user' }, 'up')).toEqual({ label: 'type', op: '=', value: 'user' })
    expect(filterValueOf('span_kind', 'traces_spanmetrics_calls_total', 'SPAN_KIND_SERVER')).toBe('SERVER')
    expect(filterValueOf('status_code', 'up', 'STATUS_CODE_OK')).toBe('STATUS_CODE_OK')
    expect(filterKeyOf('service', 'traces_spanmetrics_calls_total', [])).toBe('service')
  })
})

describe('durations', () => {
  const cases: [written: string, seconds: number | null][] = [['5m', 300], ['1h30m', 5400], ['15', 15], ['500ms', 0.5], ['', null], ['0', null], ['5 m', null], ['-5m', null]]
  for (const [written, seconds] of cases) it(`reads ${written}`, () => expect(readPromDuration(written)).toBe(seconds))
  it('writes', () => expect([300, 90, 3600, 0.5, 86_400].map(promDuration)).toEqual(['5m', '90s', '1h', '500ms', '1d']))
})

describe('faults', () => {
  it('have their place', () => expect(faultOfText('bad_data', 'invalid parameter "query": 2:5: parse error: unexpected "}"')).toEqual({ kind: 'parse', message: 'unexpected "}"', position: { line: 2, column: 5 } }))
  it('have a kind', () => {
    expect(faultOfText('execution', 'query result has 9 series, more than the limit of 5').kind).toBe('limit')
    expect(faultOfText('timeout', 'query timed out').kind).toBe('timeout')
    expect(faultOfText('bad_data', 'invalid parameter "step": x').message).toBe('invalid parameter "step": x')
  })
  it('escapes names in paths', () => expect(['job', 'http.route', 'a_b.c'].map(escapeName)).toEqual(['job', 'U__http_2e_route', 'U__a__b_2e_c']))
})
