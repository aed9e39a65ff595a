import { describe, expect, it } from 'vitest'
import { anyKey, firstOf, sentKeys } from './conventions'

const key = (name: string, table = 'spans', scope = 'attributes') => ({ table, scope, key: name, type: 'Utf8', count: 1 })
const schema = { tables: [], attribute_keys: [key('a'), key('c'), key('b', 'logs'), key('d', 'spans', 'resource_attributes')] }

describe('keys by many names', () => {
  const cases: [what: string, keys: string[], all: string, sent: string][] = [
    ['one', ['a'], "attributes['a']", "attributes['a']"],
    ['some are sent', ['a', 'b', 'c'], "coalesce(attributes['a'], attributes['b'], attributes['c'])", "coalesce(attributes['a'], attributes['c'])"],
    ['none is sent by spans', ['b', 'd'], "coalesce(attributes['b'], attributes['d'])", 'NULL'],
  ]
  for (const [what, keys, all, sent] of cases) {
    it(what, () => expect([firstOf(anyKey, keys).text, firstOf(sentKeys(schema), keys).text]).toEqual([all, sent]))
  }
  it('asks for all while the schema is not known', () => expect(sentKeys(undefined)('x')).toBe(true))
})
