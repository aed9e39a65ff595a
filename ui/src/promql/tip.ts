// What stands at the cross-hair: the values of the series there, the nearest first of all.
import type uPlot from 'uplot'
import { t } from '../i18n/translate'
import { fullTime } from '../time/format'
import { colourOf, readVariable } from './colour'
import { nearestMark } from './drawOver'
import { labelsOf, type ExemplarMark } from './exemplars'
import { marksAt, type Mark } from './marks'
import type { Drawing } from './Plot'
import { format } from './units'

const linesMost = 12
const marksMost = 5

export function fillTip(plot: uPlot, drawing: Drawing): void {
  const { tip, hovered, times, exemplars = [], markers = [] } = drawing
  const box = tip.current
  if (!box) return
  const { idx: index, left = -1, top = -1 } = plot.cursor
  // Charts of the same group show the cross-hair only.
  if (index === null || index === undefined || left < 0 || !hovered.current) {
    box.hidden = true
    return
  }
  const mark = nearestMark(plot, exemplars, left, top)
  plot.over.style.cursor = mark ? 'pointer' : ''
  const heading = document.createElement('b')
  heading.textContent = fullTime((mark ? mark.time : (times[index] ?? 0)) * 1000)
  const marks = marksAt(markers, left, (time) => plot.valToPos(time, 'x')).slice(0, marksMost)
  box.replaceChildren(heading, ...(mark ? ofMark(mark, drawing) : ofSeries(plot, index, top, drawing)), ...marks.map(ofMarker))
  box.hidden = false
  const x = left + plot.over.offsetLeft
  const flips = x > plot.width / 2
  const y = Math.max(4, Math.min(6, plot.height - box.offsetHeight - 4))
  box.style.transform = `translate(${Math.max(0, flips ? x - box.offsetWidth - 14 : x + 14)}px, ${y}px)`
}

function ofSeries(plot: uPlot, index: number, top: number, { series, hidden, unit, decimals, colours }: Drawing): HTMLElement[] {
  const known = series.flatMap(({ id, label, values }, place) => {
    const value = values[index]
    if (hidden.has(id) || value === null || value === undefined) return []
    const drawn = plot.data[place + 1]?.[index]
    return [{ label, value, colour: colourOf(series[place] ?? ({} as never), place, colours), distance: Math.abs(plot.valToPos(drawn ?? value, 'y') - top) }]
  })
  const nearest = Math.min(...known.map(({ distance }) => distance))
  const ordered = known.sort((left, right) => right.value - left.value)
  const at = ordered.findIndex(({ distance }) => distance === nearest)
  const from = Math.max(0, Math.min(at - 5, ordered.length - linesMost))
  const lines = ordered.slice(from, from + linesMost).map(({ label, value, colour, distance }) => line(label, format(value, unit, decimals), colour, known.length > 1 && distance === nearest))
  if (ordered.length > linesMost) lines.push(note(t('graph.tip.more', { n: ordered.length - linesMost })))
  return lines
}

function ofMarker({ label, colour }: Mark): HTMLElement {
  return line(label.slice(0, 160), '', colour ? readVariable(colour) : null, false)
}

function ofMark(mark: ExemplarMark, { unit, decimals, colours }: Drawing): HTMLElement[] {
  const shown = labelsOf(mark).slice(0, linesMost)
  return [
    line(t('graph.exemplar'), format(mark.value, unit, decimals), colours.accent, true),
    ...shown.map(([name, value]) => line(name, value.slice(0, 60), null, false)),
    ...(mark.traceId ? [note(t('graph.exemplar.open'))] : []),
  ]
}

function line(label: string, written: string, colour: string | null, bold: boolean): HTMLElement {
  const row = document.createElement('div')
  if (bold) row.className = 'nearest'
  const name = document.createElement('span')
  name.textContent = label
  const value = document.createElement('em')
  value.textContent = written
  if (colour) {
    const dot = document.createElement('i')
    dot.style.background = colour
    row.append(dot)
  }
  row.append(name, value)
  return row
}

function note(text: string): HTMLElement {
  const row = document.createElement('div')
  row.className = 'quiet'
  row.textContent = text
  return row
}
