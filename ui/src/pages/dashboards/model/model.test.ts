import { describe, expect, it } from 'vitest'
import { titleToId, type Panel, type PanelType } from './document'
import { freePlace, movePanel, overlap, resizePanel, settle, stepPanel, underRow, visiblePanels } from './grid'
import { isOurs, readDashboard, safeAddress } from './read'
import { repeated } from './repeat'
import { writeDashboard } from './write'
import python from '../ready/python-service.json'
import luneta from '../ready/luneta.json'

const at = (id: number, x: number, y: number, w: number, h: number, type: PanelType = 'stat', more: Partial<Panel> = {}): Panel => ({ id, type, title: `p${id}`, place: { x, y, w, h }, queries: [], ...more })
const places = (panels: readonly Panel[]): Record<number, string> => Object.fromEntries(panels.map(({ id, place: { x, y, w, h } }) => [id, `${x},${y} ${w}x${h}`]))

describe('titles become ids', () => {
  const cases: [string, string][] = [['Python service', 'python-service'], ['Saúde do Luneta!', 'saude-do-luneta'], ['  ', 'dashboard'], ['日本', 'dashboard'], ['x'.repeat(200), 'x'.repeat(80)]]
  for (const [title, id] of cases) it(title.slice(0, 30), () => expect(titleToId(title)).toBe(id))
})

describe('the grid', () => {
  const two = [at(1, 0, 0, 12, 4), at(2, 0, 4, 12, 4)]
  const cases: [string, Panel[], Record<number, string>][] = [
    ['closes gaps', settle([at(1, 0, 5, 12, 4), at(2, 12, 9, 12, 4)]), { 1: '0,0 12x4', 2: '12,0 12x4' }],
    ['moves up past the middle of another', movePanel(two, 2, 0, 1), { 1: '0,4 12x4', 2: '0,0 12x4' }],
    ['stays when not moved past it', movePanel(two, 2, 0, 3), { 1: '0,0 12x4', 2: '0,4 12x4' }],
    ['moves down past another', movePanel(two, 1, 0, 7), { 1: '0,4 12x4', 2: '0,0 12x4' }],
    ['stays within the columns', movePanel(two, 1, 20, 0), { 1: '12,0 12x4', 2: '0,0 12x4' }],
    ['pushes down what a larger one covers', resizePanel(two, 1, 12, 6), { 1: '0,0 12x6', 2: '0,6 12x4' }],
    ['is never smaller than 2 by 2', resizePanel(two, 2, 0, 0), { 1: '0,0 12x4', 2: '0,4 2x2' }],
    ['steps down past the next', stepPanel(two, 1, 0, 1), { 1: '0,4 12x4', 2: '0,0 12x4' }],
    ['steps up past the one above', stepPanel(two, 2, 0, -1), { 1: '0,4 12x4', 2: '0,0 12x4' }],
    ['steps to the side', stepPanel(two, 2, 1, 0), { 1: '0,0 12x4', 2: '1,4 12x4' }],
    ['has no step above the first', stepPanel(two, 1, 0, -1), { 1: '0,0 12x4', 2: '0,4 12x4' }],
  ]
  for (const [name, panels, expected] of cases) it(name, () => expect(places(panels)).toEqual(expected))

  it('never lets panels overlap, wherever one is put', () => {
    const many = settle([at(1, 0, 0, 8, 4), at(2, 8, 0, 8, 6), at(3, 16, 0, 8, 3), at(4, 0, 4, 6, 5), at(5, 6, 6, 18, 4), at(6, 0, 9, 24, 1, 'row'), at(7, 0, 10, 12, 4)])
    for (const id of [1, 2, 3, 4, 5, 7]) {
      for (let x = 0; x < 24; x += 5) {
        for (let y = 0; y < 16; y += 3) {
          const moved = movePanel(many, id, x, y)
          for (const one of moved) for (const other of moved) if (one.id < other.id) expect(overlap(one.place, other.place), `${id} to ${x},${y}: ${one.id} and ${other.id}`).toBe(false)
        }
      }
    }
  })

  it('finds room beside the last panel, else below', () => {
    expect(freePlace([at(1, 0, 0, 12, 8)], 12, 8)).toEqual({ x: 12, y: 0, w: 12, h: 8 })
    expect(freePlace([at(1, 0, 0, 14, 8)], 12, 8)).toEqual({ x: 0, y: 8, w: 12, h: 8 })
  })

  const rows = [at(1, 0, 0, 24, 1, 'row', { collapsed: true }), at(2, 0, 1, 12, 8), at(3, 0, 9, 24, 1, 'row'), at(4, 0, 10, 12, 4)]
  it('knows what a row owns', () => expect(underRow(rows, rows[0] as Panel).map(({ id }) => id)).toEqual([2]))
  it('hides what is below a folded row and moves the rest up', () => expect(places(visiblePanels(rows))).toEqual({ 1: '0,0 24x1', 3: '0,1 24x1', 4: '0,2 12x4' }))
})

describe('repeats', () => {
  const scope = { host: { values: ['a', 'b', 'c'], many: true } }
  const drawn = (panels: Panel[]): string[] => repeated(panels, scope).map(({ key, panel: { place: { x, y, w } }, scope: own }) => `${key} ${x},${y} ${w} ${own['host']?.values.join('')}`)
  const cases: [string, Panel[], string[]][] = [
    ['beside each other', [at(1, 0, 0, 24, 4, 'stat', { repeat: { variable: 'host' } })], ['1 a 0,0 8 a', '1 b 8,0 8 b', '1 c 16,0 8 c']],
    ['at most two in a line, and what follows makes room', [at(1, 0, 0, 24, 4, 'stat', { repeat: { variable: 'host', most: 2 } }), at(2, 0, 4, 6, 2)], ['1 a 0,0 12 a', '1 b 12,0 12 b', '1 c 0,4 12 c', '2 0,8 6 abc']],
    ['downwards', [at(1, 3, 0, 6, 4, 'stat', { repeat: { variable: 'host', down: true } })], ['1 a 3,0 6 a', '1 b 3,4 6 b', '1 c 3,8 6 c']],
    ['rows with all they own', [at(1, 0, 0, 24, 1, 'row', { repeat: { variable: 'host' } }), at(2, 0, 1, 6, 2)], ['1 a 0,0 24 a', '2 a 0,1 6 a', '1 b 0,3 24 b', '2 b 0,4 6 b', '1 c 0,6 24 c', '2 c 0,7 6 c']],
    ['nothing without the variable', [at(1, 0, 0, 24, 4, 'stat', { repeat: { variable: 'gone' } })], ['1 0,0 24 abc']],
  ]
  for (const [name, panels, expected] of cases) it(name, () => expect(drawn(panels)).toEqual(expected))
})

describe('documents', () => {
  for (const [name, file] of [['python-service', python], ['luneta', luneta]] as const) {
    it(`${name} reads, and writes the same again`, () => {
      const read = readDashboard(file)
      expect(readDashboard(JSON.parse(writeDashboard(read)))).toEqual(read)
      expect(read.panels.length).toBe(file.panels.length)
      for (const one of read.panels) for (const other of read.panels) if (one.id < other.id) expect(overlap(one.place, other.place), `${one.id} ${other.id}`).toBe(false)
    })
  }
  it('keeps the order of fields, whatever order they came in', () => {
    const one = readDashboard({ version: 1, title: 'A', panels: [{ type: 'stat', title: 't', place: { w: 4, h: 2, x: 0, y: 0 }, unit: 's', id: 1 }] })
    const other = readDashboard({ panels: [{ id: 1, unit: 's', place: { x: 0, y: 0, h: 2, w: 4 }, title: 't', type: 'stat' }], title: 'A', version: 1 })
    expect(writeDashboard(one)).toBe(writeDashboard(other))
  })
  const wrong: [string, unknown, RegExp][] = [
    ['no object', [], /no JSON object/],
    ['another version', { version: 2, panels: [] }, /"version": 1/],
    ['an unknown type', { version: 1, panels: [{ type: 'pie' }] }, /panels\[0\]\.type/],
    ['an unknown language', { version: 1, panels: [{ type: 'stat', queries: [{ language: 'c', query: '' }] }] }, /panels\[0\]\.queries\[0\]\.language/],
    ['a name of a variable twice', { version: 1, panels: [], variables: [{ name: 'a', type: 'text' }, { name: 'a', type: 'text' }] }, /twice/],
    ['a name with a space', { version: 1, panels: [], variables: [{ name: 'a b', type: 'text' }] }, /letters, digits/],
  ]
  for (const [name, value, message] of wrong) it(`refuses ${name}`, () => expect(() => readDashboard(value)).toThrow(message))
  it('gives ids that are there once', () => expect(readDashboard({ version: 1, panels: [{ id: 3, type: 'text' }, { id: 3, type: 'text' }, { type: 'text' }] }).panels.map(({ id }) => id)).toEqual([3, 4, 5]))
  it('keeps panels within the columns', () => expect(readDashboard({ version: 1, panels: [{ type: 'text', place: { x: 30, y: -1, w: 99, h: 0 } }] }).panels[0]?.place).toEqual({ x: 0, y: 0, w: 24, h: 1 }))
  const addresses: [string, boolean][] = [['https://example.org', true], ['/traces?x=1', true], ['services', true], ['javascript:alert(1)', false], ['data:text/html,x', false], [' javascript:x', false]]
  for (const [url, safe] of addresses) it(`${url} ${safe ? 'may' : 'may not'} be a link`, () => expect(safeAddress(url)).toBe(safe))
  it('tells its own files from others', () => {
    expect(isOurs(python)).toBe(true)
    expect(isOurs({ version: 1, schemaVersion: 39, panels: [] })).toBe(false)
  })
})
