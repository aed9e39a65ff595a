import { describe, expect, it } from 'vitest'
import { arrange } from './layout'

const box = (id: string) => ({ id, width: 100, height: 40 })
const wire = (from: string, to: string) => ({ id: `${from}→${to}`, from, to, weight: 1 })

describe('layout', () => {
  const drawn = arrange(['a', 'b', 'c', 'alone'].map(box), [wire('a', 'b'), wire('b', 'c'), wire('c', 'a')])
  it('goes from left to right', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((id) => drawn.nodes[id]?.x ?? 0) as [number, number, number]
    expect(a < b && b < c).toBe(true)
  })
  it('places what nobody calls', () => expect(drawn.nodes['alone']).toBeDefined())
  it('leaves a node in the middle of a side', () => {
    const a = drawn.nodes['a'] as { x: number; y: number }
    expect(drawn.edges['a→b']?.points[0]).toEqual({ x: a.x + 50, y: a.y })
  })
  it('leads a call backwards from the left side', () => {
    const points = drawn.edges['c→a']?.points ?? []
    expect((points[0]?.x ?? 0) < (drawn.nodes['c']?.x ?? 0)).toBe(true)
    expect((points.at(-1)?.x ?? 0) > (drawn.nodes['a']?.x ?? 0)).toBe(true)
  })
  it('places a thousand nodes', () => {
    const ids = Array.from({ length: 1000 }, (_, index) => `n${index}`)
    const large = arrange(ids.map(box), ids.slice(1).map((id, index) => wire(`n${Math.floor(index / 4)}`, id)))
    expect(Object.keys(large.nodes).length).toBe(1000)
  }, 20_000)
  it('takes an empty map', () => expect(arrange([], []).nodes).toEqual({}))
})
