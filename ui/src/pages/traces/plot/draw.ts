// Canvas drawing of the plot: axes, cells or spans, and what is selected.
import type { Paint } from '../../../components/palette'
import { day, duration, minute, stamp } from '../../../time/format'
import type { Range } from '../../../time/range'
import { fitCanvas } from '../../trace/draw'
import { stepOf, type Cell, type Dot } from './cells'
import { bottom, cellRectangle, left, rectangleOf, xOf, yOf, type Frame, type Rectangle } from './frame'
import type { Region } from './region'

export interface Drawing {
  frame: Frame
  range: Range
  cells: readonly Cell[]
  dots: readonly Dot[] | null
  region: Region | null
  marked: Cell | Dot | undefined // under the pointer or the keyboard's cursor
  colours: Paint
}

export function drawPlot(canvas: HTMLCanvasElement, drawing: Drawing): void {
  const { frame, dots, region, range, colours } = drawing
  const context = fitCanvas(canvas, frame.width, frame.height)
  if (!context) return
  drawAxes(context, frame, range, colours)
  if (dots) drawDots(context, dots, drawing)
  else drawCells(context, drawing)
  if (region?.kind === 'box') drawRegion(context, frame, rectangleOf(frame, range, region), colours)
}

function drawCells(context: CanvasRenderingContext2D, { cells, frame, colours, marked, region }: Drawing): void {
  const most = Math.max(1, ...cells.map(({ count }) => count))
  for (const cell of cells) {
    const box = cellRectangle(frame, cell)
    context.globalAlpha = (region?.kind === 'errors' && cell.errors === 0 ? 0.35 : 1) * (0.24 + 0.76 * (Math.log1p(cell.count) / Math.log1p(most)))
    context.fillStyle = colours.services[0] ?? colours.info
    context.beginPath()
    context.roundRect(box.x, box.y, box.width, box.height, 1.5)
    context.fill()
    context.globalAlpha = 1
    if (cell.errors > 0) drawErrors(context, colours, cell.errors / cell.count, box)
    if (cell !== marked) continue
    context.strokeStyle = colours.text
    context.lineWidth = 1.5
    context.strokeRect(box.x - 1, box.y - 1, box.width + 2, box.height + 2)
    context.lineWidth = 1
  }
}

// The share of failed spans, as a hatched block in the cell's bottom corner: its area is the share, so that
// a few failures among many do not look like half of them.
function drawErrors(context: CanvasRenderingContext2D, colours: Paint, share: number, box: Rectangle): void {
  const high = Math.min(box.height, Math.max(3, box.height * share))
  const width = Math.min(box.width, Math.max(2, (share * box.width * box.height) / high))
  const y = box.y + box.height - high
  context.save()
  context.beginPath()
  context.rect(box.x, y, width, high)
  context.clip()
  context.fillStyle = colours.error
  context.fillRect(box.x, y, width, high)
  context.strokeStyle = colours.surface
  context.lineWidth = 1
  context.beginPath()
  for (let at = box.x - high; at < box.x + width; at += 4) {
    context.moveTo(at, y + high)
    context.lineTo(at + high, y)
  }
  context.stroke()
  context.restore()
}

function drawDots(context: CanvasRenderingContext2D, dots: readonly Dot[], { frame, colours, marked }: Drawing): void {
  context.globalAlpha = dots.length > 1500 ? 0.5 : 0.75
  context.fillStyle = colours.services[0] ?? colours.info
  for (const dot of dots) {
    if (dot.failed) continue
    context.beginPath()
    context.arc(xOf(frame, dot.at), yOf(frame, dot.duration), 2.6, 0, 2 * Math.PI)
    context.fill()
  }
  context.globalAlpha = 1
  context.strokeStyle = colours.error
  context.lineWidth = 1.8
  context.beginPath()
  for (const dot of dots) if (dot.failed) cross(context, xOf(frame, dot.at), yOf(frame, dot.duration), 3.6)
  context.stroke()
  context.lineWidth = 1
  if (!marked || !('trace' in marked)) return
  context.strokeStyle = colours.text
  context.beginPath()
  context.arc(xOf(frame, marked.at), yOf(frame, marked.duration), 6.5, 0, 2 * Math.PI)
  context.stroke()
}

function cross(context: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  context.moveTo(x - size, y - size)
  context.lineTo(x + size, y + size)
  context.moveTo(x - size, y + size)
  context.lineTo(x + size, y - size)
}

function drawRegion(context: CanvasRenderingContext2D, frame: Frame, box: Rectangle, colours: Paint): void {
  context.save()
  context.globalAlpha = 0.45
  context.fillStyle = colours.surface
  context.beginPath()
  context.rect(left, 0, frame.width - left, frame.height - bottom)
  context.rect(box.x, box.y, box.width, box.height)
  context.fill('evenodd')
  context.globalAlpha = 1
  context.strokeStyle = colours.accent
  context.lineWidth = 1.5
  context.strokeRect(box.x + 0.5, box.y + 0.5, Math.max(1, box.width - 1), Math.max(1, box.height - 1))
  context.restore()
}

function drawAxes(context: CanvasRenderingContext2D, frame: Frame, range: Range, colours: Paint): void {
  context.font = colours.font
  context.strokeStyle = colours.line
  context.fillStyle = colours.text3
  context.textBaseline = 'middle'
  context.textAlign = 'right'
  for (const mark of durationMarks(frame)) {
    const y = Math.round(yOf(frame, mark)) + 0.5
    context.beginPath()
    context.moveTo(left, y)
    context.lineTo(frame.width, y)
    context.stroke()
    context.fillText(duration(mark), left - 8, Math.max(8, y))
  }
  context.textAlign = 'center'
  for (const { at, label } of timeMarks(range, Math.max(3, Math.floor((frame.width - left) / 110)))) {
    const x = xOf(frame, at)
    if (x >= left + 26 && x <= frame.width - 26) context.fillText(label, x, frame.height - bottom / 2 + 2)
  }
  context.textAlign = 'left'
}

const secondsAt = (time: bigint): string => stamp(time).split(' ').at(-1) ?? ''

// Round moments of the range, written as finely as they lie.
export function timeMarks(range: Range, most: number): { at: number; label: string }[] {
  const step = BigInt(stepOf(range, most))
  const label = (time: bigint): string => {
    const milliseconds = Number(time / 1_000_000n)
    if (step >= 86_400_000_000_000n) return day(milliseconds)
    if (step >= 60_000_000_000n) return range.to - range.from > 86_400_000_000_000n ? `${day(milliseconds)} ${minute(milliseconds)}` : minute(milliseconds)
    return step >= 1_000_000_000n ? secondsAt(time).replace(/\.\d+$/, '') : secondsAt(time)
  }
  const marks: { at: number; label: string }[] = []
  for (let time = ((range.from + step - 1n) / step) * step; time <= range.to; time += step) marks.push({ at: Number(time - range.from), label: label(time) })
  return marks
}

// Decades, and halves and fifths of them where there is room.
export function durationMarks({ low, high }: { low: number; high: number }): number[] {
  const factors = high - low < 2.2 ? [1, 2, 5] : [1]
  const marks: number[] = []
  for (let power = Math.floor(low); power <= high; power += 1) {
    for (const factor of factors) {
      const log = power + Math.log10(factor)
      if (log >= low && log <= high) marks.push(factor * 10 ** power)
    }
  }
  return marks
}
