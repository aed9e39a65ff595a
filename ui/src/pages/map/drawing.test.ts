import { describe, expect, it } from 'vitest'
import { arrow, curve, fitCamera, readCamera, reveal, writeCamera, zoomAt } from './drawing'

describe('lines', () => {
  const cases: [what: string, points: { x: number; y: number }[], path: string][] = [
    ['nothing', [], ''],
    ['a single point', [{ x: 1, y: 1 }], ''],
    ['an S between two', [{ x: 0, y: 0 }, { x: 60, y: 30 }], 'M0.0 0.0 C30.0 0.0 30.0 30.0 60.0 30.0'],
    ['level at a turn', [{ x: 0, y: 0 }, { x: 30, y: 30 }, { x: 60, y: 0 }], 'M0.0 0.0 C10.0 0.0 20.0 30.0 30.0 30.0 C40.0 30.0 50.0 0.0 60.0 0.0'],
    ['straight through a middle', [{ x: 0, y: 0 }, { x: 30, y: 30 }, { x: 60, y: 60 }], 'M0.0 0.0 C10.0 0.0 20.0 20.0 30.0 30.0 C40.0 40.0 50.0 60.0 60.0 60.0'],
  ]
  for (const [what, points, path] of cases) it(what, () => expect(curve(points)).toBe(path))
  it('points arrows the way the line arrives', () => {
    expect(arrow([{ x: 0, y: 0 }, { x: 50, y: 10 }], 10)).toBe('M50.0 10.0 L40.0 5.5 L40.0 14.5 Z')
    expect(arrow([{ x: 90, y: 0 }, { x: 50, y: 10 }], 10)).toContain('L60.0')
  })
})

describe('camera', () => {
  const view = { width: 1000, height: 500 }
  it('fits a small map in the middle, and never enlarges it much', () => expect(fitCamera({ width: 200, height: 100 }, view)).toEqual({ x: 385, y: 192.5, zoom: 1.15 }))
  it('keeps the text of a map readable', () => expect(fitCamera({ width: 3000, height: 400 }, view)).toMatchObject({ x: 0, zoom: 0.62 }))
  it('shows the outline of a large one', () => expect(fitCamera({ width: 10_000, height: 4000 }, view)).toEqual({ x: 0, y: 50, zoom: 0.1 }))
  it('shows what is around the focus', () => expect(fitCamera({ width: 4500, height: 400 }, view, { x: 2000, y: 100 })).toMatchObject({ x: 500 - 2000 * 0.62, y: (500 - 400 * 0.62) / 2 }))
  it('does not look beyond the edge', () => expect(fitCamera({ width: 4500, height: 400 }, view, { x: 4490, y: 100 }).x).toBeCloseTo(1000 - 4500 * 0.62))
  it('zooms about the pointer', () => expect(zoomAt({ x: 0, y: 0, zoom: 1 }, 2, { x: 100, y: 50 })).toEqual({ x: -100, y: -50, zoom: 2 }))
  it('stops at the limits', () => expect(zoomAt({ x: 0, y: 0, zoom: 3 }, 2, { x: 100, y: 50 })).toEqual({ x: 0, y: 0, zoom: 3 }))
  it('moves only as far as needed', () => {
    expect(reveal({ x: 0, y: 0, zoom: 1 }, { x: 500, y: 250 }, view)).toEqual({ x: 0, y: 0, zoom: 1 })
    expect(reveal({ x: 0, y: 0, zoom: 1 }, { x: 1200, y: 20 }, view)).toEqual({ x: -300, y: 80, zoom: 1 })
  })
  it('survives the URL', () => expect(readCamera(writeCamera({ x: -12, y: 7, zoom: 0.75 }))).toEqual({ x: -12, y: 7, zoom: 0.75 }))
  for (const broken of ['', '1,2', 'a,b,c', '1,2,Infinity']) it(`refuses "${broken}"`, () => expect(readCamera(broken)).toBeNull())
})
