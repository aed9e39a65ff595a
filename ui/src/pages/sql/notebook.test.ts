import { describe, expect, it } from 'vitest'
import { decodeShare, encodeShare, newCell, parseInline, parseText, readNotebook, writeNotebook } from './notebook'
import { snippet } from '../../sql/snippet'

const bare = (notebook: ReturnType<typeof readNotebook>) => notebook?.cells.map(({ kind, source }) => [kind, source])

describe('notebook', () => {
  const notebook = { cells: [newCell('text', '# Olá, ação “☀”'), newCell('sql', "SELECT 'a'\n-- é")] }

  it('survives storage', () => expect(bare(readNotebook(writeNotebook(notebook)))).toEqual(bare(notebook)))
  it('survives a share link', () => {
    expect(encodeShare(notebook)).toMatch(/^[\w-]+$/)
    expect(bare(decodeShare(encodeShare(notebook)))).toEqual(bare(notebook))
  })
  for (const broken of ['', 'null', '{', '[]', '{"a":1}', '[1,2]']) {
    it(`refuses ${broken || 'nothing'}`, () => expect(readNotebook(broken)).toBeNull())
  }
  it('refuses a broken link', () => expect(decodeShare('%%%')).toBeNull())
  it('quotes a query for Python', () => expect(snippet('duckdb', 'SELECT """x\\', 'http://h/')).toContain('SELECT \\"\\"\\"x\\\\'))
})

describe('text cells', () => {
  it('parses blocks', () => {
    expect(parseText('# Title\n\none\ntwo\n\n- a\n- b\n\n```\ncode\n```')).toEqual([
      { kind: 'heading', level: 1, text: 'Title' },
      { kind: 'paragraph', text: 'one two' },
      { kind: 'list', items: ['a', 'b'] },
      { kind: 'code', text: 'code' },
    ])
  })
  it('links only to http', () => {
    expect(parseInline('**b** `c` [l](https://x.y) [j](javascript:1)').map(({ kind }) => kind)).toEqual(['bold', 'text', 'code', 'text', 'link', 'text'])
  })
})
