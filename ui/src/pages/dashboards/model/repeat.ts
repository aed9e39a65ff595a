// Panels and rows that are drawn once for each value of a variable.
import { columns, type Panel } from './document'
import { inOrder, underRow } from './grid'
import type { Chosen, Scope } from '../variables/interpolate'

export interface Drawn {
  panel: Panel
  scope: Scope // with the one value that this copy is for
  key: string
}

const copiesMost = 50

export function repeated(panels: readonly Panel[], scope: Scope): Drawn[] {
  const out: Drawn[] = []
  const ordered = inOrder(panels)
  const done = new Set<number>()
  let lowered = 0
  const lower = (panel: Panel): Panel => ({ ...panel, place: { ...panel.place, y: panel.place.y + lowered } })
  for (const panel of ordered) {
    if (done.has(panel.id)) continue
    const values = valuesOf(panel, scope)
    if (!values) {
      out.push({ panel: lower(panel), scope, key: String(panel.id) })
    } else if (panel.type === 'row') {
      const under = underRow(panels, panel)
      for (const one of under) done.add(one.id)
      const height = 1 + under.reduce((most, { place }) => Math.max(most, place.y + place.h - panel.place.y - 1), 0)
      values.forEach(({ value, inner }, at) => {
        out.push({ panel: lower({ ...panel, place: { ...panel.place, y: panel.place.y + at * height } }), scope: inner, key: `${panel.id} ${value}` })
        for (const one of under) out.push({ panel: lower({ ...one, place: { ...one.place, y: one.place.y + at * height } }), scope: inner, key: `${one.id} ${value}` })
      })
      lowered += Math.max(0, values.length - 1) * height
    } else {
      const copies = copiesOf(panel, values.length)
      copies.forEach((copy, at) => out.push({ panel: lower(copy), scope: values[at]?.inner ?? scope, key: `${panel.id} ${values[at]?.value ?? at}` }))
      const last = copies.at(-1)
      if (last) lowered += last.place.y - panel.place.y
    }
  }
  return out
}

function valuesOf({ repeat }: Panel, scope: Scope): { value: string; inner: Scope }[] | null {
  const chosen = repeat ? scope[repeat.variable] : undefined
  if (!repeat || !chosen || chosen.values.length === 0) return null
  return chosen.values.slice(0, copiesMost).map((value, at) => {
    const one: Chosen = { values: [value], texts: [chosen.texts?.length === chosen.values.length ? (chosen.texts[at] ?? value) : value], many: chosen.many ?? false }
    return { value, inner: { ...scope, [repeat.variable]: one } }
  })
}

// Side by side they share the width, so many in a line as its author allows; or one below the other.
function copiesOf(panel: Panel, count: number): Panel[] {
  const { x, y, w, h } = panel.place
  if (panel.repeat?.down) return Array.from({ length: count }, (_, at) => ({ ...panel, place: { x, y: y + at * h, w, h } }))
  const beside = Math.min(count, panel.repeat?.most ?? 4)
  const width = Math.max(2, Math.floor(columns / beside))
  return Array.from({ length: count }, (_, at) => ({ ...panel, place: { x: (at % beside) * width, y: y + Math.floor(at / beside) * h, w: width, h } }))
}
