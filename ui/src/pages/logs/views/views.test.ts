import { describe, expect, it } from 'vitest'
import { addressOf, readViews, viewOf, viewsMost, withView, writeViews } from './stored'

const address = '?q=pan+-fire&f=service%3Dspam&col=http.route&range=6h&at=2026-11-22T06%3A00%3A00Z&live=1'

describe('views', () => {
  it('keep the search, the filters and the columns, and the range where one wants it', () => {
    expect(viewOf(' Pans ', address, false)).toEqual({ name: 'Pans', search: 'q=pan+-fire&f=service%3Dspam&col=http.route' })
    expect(viewOf('Pans', address, true).search).toBe('q=pan+-fire&f=service%3Dspam&col=http.route&range=6h&live=1')
  })

  it('open in the range that is chosen, or in their own', () => {
    expect(addressOf({ name: 'a', search: 'q=x' }, '?range=7d&q=y')).toBe('q=x&range=7d')
    expect(addressOf({ name: 'a', search: 'q=x&range=6h' }, '?range=7d')).toBe('q=x&range=6h')
    expect(addressOf({ name: 'a', search: 'q=x' }, '?from=2026-11-22T06:00:00Z&to=2026-11-22T07:00:00Z')).toContain('from=2026-11-22')
  })

  it('survive being written', () => {
    const views = withView(withView([], { name: 'a', search: 'q=1' }), { name: 'b"', search: 'q=2' })
    expect(readViews(writeViews(views))).toEqual(views)
  })

  it('have one search for a name, and an end', () => {
    expect(withView([{ name: 'a', search: 'q=1' }], { name: 'a', search: 'q=2' })).toEqual([{ name: 'a', search: 'q=2' }])
    const many = Array.from({ length: viewsMost }, (_, index) => ({ name: String(index), search: '' }))
    expect(withView(many, { name: 'new', search: '' }).length).toBe(viewsMost)
  })

  for (const broken of [null, '', '{}', '[[1,2],["a"],null]', 'x']) it(`reads nothing from ${broken}`, () => expect(readViews(broken)).toEqual([]))
})
