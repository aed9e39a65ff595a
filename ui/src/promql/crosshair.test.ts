import { describe, expect, it } from 'vitest'
import { follow, point } from './crosshair'

describe('a shared cross-hair', () => {
  it('is told to all of its group and to no other, until they leave', () => {
    const told: string[] = []
    const [one, two, other] = (['one', 'two', 'other'] as const).map((name) => follow(name === 'other' ? 'b' : 'a', (time) => void told.push(`${name} ${time}`)))
    point('a', 7)
    two?.()
    point('a', null)
    point('b', 8)
    one?.()
    other?.()
    point('b', 9)
    expect(told).toEqual(['one 7', 'two 7', 'one null', 'other 8'])
  })
})
