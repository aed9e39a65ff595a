import { describe, expect, it } from 'vitest'
import { stageOffers, wantedAt, type Wanted } from './completion'

describe('what may be typed', () => {
  // The cursor stands at the bar.
  const cases: [text: string, wanted: Wanted | null][] = [
    ['{ ¦', { kind: 'field', from: 2, typed: '' }],
    ['{ span.http¦ = 1 }', { kind: 'field', from: 2, typed: 'span.http' }],
    ['{ name = ¦', { kind: 'value', from: 9, typed: '', field: 'name', quoted: false }],
    ['{ status=err¦ }', { kind: 'value', from: 9, typed: 'err', field: 'status', quoted: false }],
    ['{ resource.service.name = "sp¦', { kind: 'value', from: 26, typed: 'sp', field: 'resource.service.name', quoted: true }],
    ['{ name =~ "a\\"}¦', { kind: 'value', from: 10, typed: 'a\\"}', field: 'name', quoted: true }],
    ['{ span."odd key" != ¦', { kind: 'value', from: 20, typed: '', field: 'span."odd key"', quoted: false }],
    ['{ event:name = "x" && ¦', { kind: 'field', from: 22, typed: '' }],
    ['{ name = "a" } | co¦', { kind: 'stage', from: 17, typed: 'co' }],
    ['{ } ¦', { kind: 'stage', from: 4, typed: '' }],
    ['¦', null],
    ['{ "alone¦', null],
  ]
  for (const [written, wanted] of cases) {
    const at = written.indexOf('¦')
    it(written, () => expect(wantedAt(written.replace('¦', ''), at)).toEqual(wanted))
  }
  it('repeats no bar', () => expect(stageOffers('{ } | ')[0]?.insert).toBe('count() > 1'))
  it('sets the bar', () => expect(stageOffers('{ } ')[0]?.insert).toBe('| count() > 1'))
})
