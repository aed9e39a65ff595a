import { describe, expect, it } from 'vitest'
import { appliesTo, filterCondition, parseFilter, writeFilter, type Filter } from './filter'

describe('filters in the URL', () => {
  const filters: Filter[] = [
    { key: 'service', op: '=', value: 'spam' },
    { key: 'http.route', op: '!=', value: '/a=b?c' },
    { key: 'odd=key', op: '~', value: '' },
    { key: '100%', op: '>=', value: '5' },
    { key: 'user.id', op: '?', value: '' },
    { key: 'db.query.text', op: '=', value: 'SELECT *\nFROM x' },
  ]
  for (const filter of filters) it(`keeps ${filter.key} ${filter.op}`, () => expect(parseFilter(writeFilter(filter))).toEqual(filter))
  for (const broken of ['', 'service', '=x', '%=1']) it(`refuses "${broken}"`, () => expect(parseFilter(broken)).toBeNull())
})

describe('filters as SQL', () => {
  const cases: [written: string, signal: 'spans' | 'logs', sql: string | null][] = [
    ['service=spam', 'spans', `"service_name" = 'spam'`],
    ['status=ERROR', 'logs', null],
    ['http.route=/x', 'logs', `attributes['http.route'] = '/x'`],
    ['resource:host.name!=a', 'spans', `(resource_attributes['host.name'] IS NULL OR resource_attributes['host.name'] <> 'a')`],
    ['http.response.status_code>=500', 'spans', `TRY_CAST(attributes['http.response.status_code'] AS DOUBLE) >= 500`],
    ['duration>200ms', 'spans', '"duration_ns" > 200000000'],
    ['duration>soon', 'spans', 'FALSE'],
    ['severity>=WARN', 'logs', '"severity_number" >= 13'],
    ['severity=ERROR', 'logs', '"severity_number" BETWEEN 17 AND 20'],
    ['name~50%', 'spans', `CAST("name" AS VARCHAR) ILIKE '%50\\%%'`],
    ['scope:x=1', 'spans', `scope_attributes['x'] = '1'`],
    ['.host.name=a', 'spans', `coalesce(CAST(attributes['host.name'] AS VARCHAR), CAST(resource_attributes['host.name'] AS VARCHAR)) = 'a'`],
    ['user.id?', 'spans', `attributes['user.id'] IS NOT NULL`],
  ]
  for (const [written, signal, expected] of cases) {
    it(`${written} over ${signal}`, () => expect(filterCondition(parseFilter(written) as Filter, signal)?.text ?? null).toBe(expected))
  }
  it('knows what applies', () => {
    expect(appliesTo({ key: 'kind', op: '=', value: 'SERVER' }, 'logs')).toBe(false)
    expect(appliesTo({ key: 'anything', op: '=', value: '' }, 'logs')).toBe(true)
  })
})
