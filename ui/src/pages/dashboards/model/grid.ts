// Where panels lie: moving and resizing push others down, and gaps above close again. Rows own what is below them.
import { columns, type Panel, type Place } from './document'

export const overlap = (one: Place, other: Place): boolean =>
  one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h

export const inOrder = (panels: readonly Panel[]): Panel[] => [...panels].sort((left, right) => left.place.y - right.place.y || left.place.x - right.place.x)

// Lays panels from the top down, each as high as what lies above it allows. `first` goes before all that it meets.
export function settle(panels: readonly Panel[], first?: number): Panel[] {
  const waiting = inOrder(panels)
  const at = waiting.findIndex(({ id }) => id === first)
  const held = at < 0 ? undefined : waiting[at]
  const placed: Panel[] = []
  const laid = new Map<number, Panel>()
  const lay = (panel: Panel) => {
    const place = { ...panel.place }
    const free = (y: number): boolean => !placed.some((other) => overlap({ ...place, y }, other.place))
    while (!free(place.y)) place.y += 1
    while (place.y > floorOf(panel, placed) && free(place.y - 1)) place.y -= 1
    const done = { ...panel, place }
    placed.push(done)
    laid.set(panel.id, done)
  }
  for (const panel of waiting) {
    if (panel.id === first) continue
    // What the held panel was put over makes way, unless it was put over the lower half.
    if (held && !laid.has(held.id) && makesWay(panel.place, held.place)) lay(held)
    lay(panel)
  }
  if (held && !laid.has(held.id)) lay(held)
  return panels.map((panel) => laid.get(panel.id) ?? panel)
}

const makesWay = (place: Place, held: Place): boolean => place.x < held.x + held.w && held.x < place.x + place.w && held.y < place.y + place.h / 2

// Nothing rises above the row that it belongs to.
function floorOf(panel: Panel, placed: readonly Panel[]): number {
  if (panel.type === 'row') return placed.reduce((y, { place }) => Math.max(y, place.y + place.h), 0)
  return placed.reduce((y, other) => (other.type === 'row' ? Math.max(y, other.place.y + 1) : y), 0)
}

const limit = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value))

function change(panels: readonly Panel[], id: number, edit: (place: Place) => Place): Panel[] {
  return settle(panels.map((panel) => (panel.id === id ? { ...panel, place: edit(panel.place) } : panel)), id)
}

export const movePanel = (panels: readonly Panel[], id: number, x: number, y: number): Panel[] =>
  change(panels, id, (place) => ({ ...place, x: limit(x, 0, columns - place.w), y: Math.max(0, y) }))

export const resizePanel = (panels: readonly Panel[], id: number, w: number, h: number): Panel[] =>
  change(panels, id, (place) => ({ ...place, w: limit(w, 2, columns - place.x), h: limit(h, 2, 60) }))

// One step down must pass what lies below, or it would fall back to where it was.
export function stepPanel(panels: readonly Panel[], id: number, dx: number, dy: number): Panel[] {
  const panel = panels.find((one) => one.id === id)
  if (!panel) return [...panels]
  const { x, y, w } = panel.place
  if (dy === 0) return movePanel(panels, id, x + dx, y)
  const beside = panels.filter((other) => other.id !== id && other.place.x < x + w && x < other.place.x + other.place.w)
  if (dy < 0) {
    const above = beside.filter(({ place }) => place.y < y).sort((left, right) => right.place.y - left.place.y)[0]
    return above ? movePanel(panels, id, x, above.place.y) : [...panels]
  }
  const below = beside.filter(({ place }) => place.y >= y + panel.place.h).sort((left, right) => left.place.y - right.place.y)[0]
  if (!below) return [...panels]
  return change(panels.map((one) => (one.id === below.id ? { ...one, place: { ...one.place, y } } : one)), id, (place) => ({ ...place, y: y + below.place.h }))
}

// Beside the last panel where there is room, else below everything.
export function freePlace(panels: readonly Panel[], w: number, h: number): Place {
  const bottom = panels.reduce((y, { place }) => Math.max(y, place.y + place.h), 0)
  const last = inOrder(panels).at(-1)
  if (last && last.type !== 'row') {
    const beside = { x: last.place.x + last.place.w, y: last.place.y, w, h }
    if (beside.x + w <= columns && !panels.some(({ place }) => overlap(place, beside))) return beside
  }
  return { x: 0, y: bottom, w, h }
}

// The panels between a row and the next one.
export function underRow(panels: readonly Panel[], row: Panel): Panel[] {
  const ordered = inOrder(panels)
  const next = ordered.find((panel) => panel.type === 'row' && panel.id !== row.id && panel.place.y > row.place.y)
  return ordered.filter((panel) => panel.type !== 'row' && panel.place.y > row.place.y && (!next || panel.place.y < next.place.y))
}

// What is drawn: rows that are folded hide theirs, and what follows moves up.
export function visiblePanels(panels: readonly Panel[]): Panel[] {
  const hidden = new Set(panels.filter(({ type, collapsed }) => type === 'row' && collapsed).flatMap((row) => underRow(panels, row).map(({ id }) => id)))
  let raised = 0
  let bottom = 0
  return inOrder(panels).flatMap((panel) => {
    if (hidden.has(panel.id)) return []
    // A row starts right below what is shown above it; its panels keep their distance to it.
    if (panel.type === 'row') raised = panel.place.y - bottom
    const place = { ...panel.place, y: panel.place.y - raised }
    bottom = Math.max(bottom, place.y + place.h)
    return [{ ...panel, place }]
  })
}
