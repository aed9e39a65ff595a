import { describe, expect, it } from 'vitest'
import type { LogScope } from '../queries'
import { ignores, isMask, partsOf, patternsQuery, searchOf, trendsQuery } from './queries'

const scope: LogScope = {
  range: { from: 90_000_000_000n, to: 600_000_000_000n },
  filters: [{ key: 'service', op: '=', value: 'cart' }, { key: 'user.id', op: '=', value: '7' }],
  search: '',
}

describe('patterns', () => {
  it.each([
    ['user <id> added product <id> to cart, quantity <num>', '"user" "added product" "to cart, quantity"'],
    ['{"msg":"job done","n":<num>}', '"{\\"msg\\":\\"job done\\",\\"n\\":"'],
    ['failed …', '"failed"'],
    ['<num> <ip>: <*>', ''],
  ])('%s is found by what stays the same', (pattern, search) => {
    expect(searchOf(pattern)).toBe(search)
  })

  it('come in parts', () => {
    expect(partsOf('took <num>ms …')).toEqual(['took ', '<num>', 'ms …'])
    expect(partsOf('took <num>ms …').map(isMask)).toEqual([false, true, false])
  })

  it('follow the filters they know', () => {
    const { text } = patternsQuery(scope, 10)
    expect(text).toContain('cart')
    expect(text).not.toContain('user.id')
    expect(trendsQuery(scope, ['a', 'b'], 60).text).toContain("pattern_id IN ('a', 'b')")
    expect(ignores(scope)).toBe(true)
    expect(ignores({ filters: scope.filters.slice(0, 1), search: ' ' })).toBe(false)
    expect(ignores({ filters: [], search: 'x' })).toBe(true)
  })
})
