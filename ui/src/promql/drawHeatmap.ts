import type { Paint } from '../components/palette'
import { clock, day, minute } from '../time/format'
import { readVariable } from './colour'
import type { ExemplarMark } from './exemplars'
import { nameOfRow, rowOf, type Cells } from './heatmap'
import type { Mark } from './marks'
import { format } from './units'

export interface Frame {
  left: number
  top: number
  width: number
  height: number
}

export const frameIn = (width: number, height: number): Frame => ({ left: 62, top: 6, width: Math.max(10, width - 74), height: Math.max(10, height - 30) })

export const xOf = ({ times, step }: Cells, frame: Frame, time: number): number => {
  const start = (times[0] ?? 0) - step
  const end = times.at(-1) ?? start + 1
  return frame.left + ((time - start) / (end - start)) * frame.width
}

export const timeAt = ({ times, step }: Cells, frame: Frame, x: number): number => {
  const start = (times[0] ?? 0) - step
  const end = times.at(-1) ?? start + 1
  return start + Math.max(0, Math.min(1, (x - frame.left) / frame.width)) * (end - start)
}

export const yOf = ({ bounds }: Cells, { top, height }: Frame, row: number): number => top + height - (row / Math.max(1, bounds.length)) * height

export function cellAt(cells: Cells, frame: Frame, x: number, y: number): { row: number; column: number } | null {
  if (x < frame.left || x > frame.left + frame.width || y < frame.top || y > frame.top + frame.height) return null
  const row = Math.min(cells.bounds.length - 1, Math.floor(((frame.top + frame.height - y) / frame.height) * cells.bounds.length))
  const column = Math.min(cells.times.length - 1, Math.max(0, Math.floor(((x - frame.left) / frame.width) * cells.times.length)))
  return { row, column }
}

const fade = (colour: string, share: number): string => `${colour.slice(0, 7)}${Math.round(255 * (0.1 + 0.9 * share)).toString(16).padStart(2, '0')}`

interface DrawOptions {
  cells: Cells
  frame: Frame
  unit: string | undefined
  colours: Paint
  exemplars: readonly ExemplarMark[]
  markers: readonly Mark[]
  from: number | null // of a selection, in pixels
  to: number | null
}

export function drawHeatmap(context: CanvasRenderingContext2D, options: DrawOptions): void {
  const { frame, colours, from, to } = options
  context.clearRect(0, 0, context.canvas.width, context.canvas.height)
  drawCells(context, options)
  drawAxes(context, options)
  drawMarkers(context, options)
  drawMarks(context, options)
  if (from === null || to === null) return
  context.fillStyle = `${colours.accent.slice(0, 7)}33`
  context.fillRect(Math.min(from, to), frame.top, Math.abs(to - from), frame.height)
}

function drawCells(context: CanvasRenderingContext2D, { cells, frame, colours }: DrawOptions): void {
  const width = frame.width / cells.times.length
  const height = frame.height / Math.max(1, cells.bounds.length)
  const gap = width > 5 && height > 5 ? 1 : 0
  const colour = colours.services[0] ?? colours.accent
  cells.counts.forEach((counts, row) =>
    counts.forEach((count, column) => {
      if (count <= 0) return
      context.fillStyle = fade(colour, Math.sqrt(count / cells.most))
      context.fillRect(frame.left + column * width, yOf(cells, frame, row + 1), Math.max(1, width - gap), Math.max(1, height - gap))
    }),
  )
}

function drawAxes(context: CanvasRenderingContext2D, { cells, frame, unit, colours }: DrawOptions): void {
  context.font = colours.font
  context.fillStyle = colours.text3
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  const every = Math.max(1, Math.ceil((cells.bounds.length * 18) / frame.height))
  cells.bounds.forEach((_, row) => {
    if ((row + 1) % every !== 0) return
    // A bound is a line, a name stands beside its row.
    const place = cells.labels ? yOf(cells, frame, row + 0.5) : Math.max(frame.top + 5, yOf(cells, frame, row + 1))
    const written = nameOfRow(cells, row, (upper) => format(upper, unit))
    context.fillText(written.length > 10 ? `${written.slice(0, 9)}…` : written, frame.left - 7, place)
  })
  context.textAlign = 'center'
  context.textBaseline = 'top'
  const [first = 0, last = 0] = [cells.times[0], cells.times.at(-1)]
  const length = last - first
  const write = length > 2 * 86_400 ? day : length < 180 ? clock : minute
  const labels = Math.max(2, Math.floor(frame.width / 110))
  for (let at = 0; at < labels; at += 1) {
    const time = first + ((at + 0.5) / labels) * length
    context.fillText(write(time * 1000), xOf(cells, frame, time), frame.top + frame.height + 7)
  }
}

function drawMarkers(context: CanvasRenderingContext2D, { cells, frame, colours, markers }: DrawOptions): void {
  context.save()
  context.setLineDash([3, 3])
  for (const { time, colour } of markers) {
    const x = Math.round(xOf(cells, frame, time))
    if (x < frame.left || x > frame.left + frame.width) continue
    context.strokeStyle = colour ? readVariable(colour) : colours.accent
    context.beginPath()
    context.moveTo(x, frame.top)
    context.lineTo(x, frame.top + frame.height)
    context.stroke()
  }
  context.restore()
}

export const markPlace = (cells: Cells, frame: Frame, { time, value }: ExemplarMark): { x: number; y: number } | null => {
  const row = rowOf(cells, value)
  const x = xOf(cells, frame, time)
  return row === null || x < frame.left || x > frame.left + frame.width ? null : { x, y: yOf(cells, frame, row) }
}

function drawMarks(context: CanvasRenderingContext2D, { cells, frame, colours, exemplars }: DrawOptions): void {
  context.fillStyle = colours.accent
  context.strokeStyle = colours.surface
  context.lineWidth = 1
  for (const mark of exemplars) {
    const place = markPlace(cells, frame, mark)
    if (!place) continue
    context.beginPath()
    context.moveTo(place.x, place.y - 5)
    context.lineTo(place.x + 5, place.y)
    context.lineTo(place.x, place.y + 5)
    context.lineTo(place.x - 5, place.y)
    context.closePath()
    context.fill()
    context.stroke()
  }
}
