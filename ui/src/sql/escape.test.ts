import { describe, expect, it } from 'vitest'
import { all, attribute, containing, identifier, integer, sql, text, timestamp } from './escape'

describe('escaping', () => {
  const cases: [what: string, made: { text: string }, written: string][] = [
    ['quotes in text', text("O'Brien'; DROP TABLE spans --"), "'O''Brien''; DROP TABLE spans --'"],
    ['a backslash stays as it is', text('a\\'), "'a\\'"],
    ['zero bytes go', text('a\0b'), "'ab'"],
    ['identifiers', identifier('we"ird'), '"we""ird"'],
    ['attribute keys', attribute('attributes', "it's"), "attributes['it''s']"],
    ['LIKE wildcards are literal', containing("50%_\\'"), "'%50\\%\\_\\\\''%'"],
    ['nanoseconds', timestamp(1_700_000_000_123_456_789n), "TIMESTAMP '2023-11-14T22:13:20.123456789Z'"],
    ['composition', sql`WHERE ${all([sql`a = ${text('x')}`, sql`b > ${integer(3)}`])}`, "WHERE a = 'x' AND b > 3"],
    ['no conditions', all([]), 'TRUE'],
  ]
  for (const [what, made, written] of cases) it(what, () => expect(made.text).toBe(written))

  it('refuses numbers that are not integers', () => {
    expect(() => integer(1.5)).toThrow(RangeError)
    expect(() => integer(Number.NaN)).toThrow(RangeError)
  })
})
