import { describe, expect, it } from 'vitest'
import { highlight } from './highlight'

describe('what was found is marked', () => {
  const cases: [text: string, words: string[], shown: string][] = [
    ['Pan on fire', [], 'Pan on fire'],
    ['Pan on fire', ['FIRE'], 'Pan on [fire]'],
    ['aaa', ['a'], '[a][a][a]'],
    ['error: errors', ['error', 'errors'], '[error]: [errors]'],
    ['', ['x'], ''],
    ['nothing', ['x'], 'nothing'],
    ['İstanbul x', ['x'], 'İstanbul x'],
    ['pan', [''], 'pan'],
  ]
  for (const [text, words, shown] of cases) {
    it(`${words.join()} in ${text}`, () => {
      const pieces = highlight(text, words)
      expect(pieces.map((piece) => (piece.found ? `[${piece.text}]` : piece.text)).join('')).toBe(shown)
      expect(pieces.map((piece) => piece.text).join('')).toBe(text)
    })
  }
})
