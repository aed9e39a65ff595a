import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { paint, type Paint } from '../../components/palette'
import { t } from '../../i18n/translate'
import { day, duration, fullTime, minute } from '../../time/format'
import { fromMilliseconds } from '../../time/nanoseconds'
import type { Range } from '../../time/range'
import { fitCanvas } from '../trace/draw'
import { levelsPerDecade } from './queries'

export interface Cell {
  second: number
  level: number
  traces: number
  errors: number
  slowest: string
}

export interface Selection {
  from: bigint
  to: bigint
  shortest: string
  longest: string
}

interface DensityProps {
  cells: readonly Cell[]
  range: Range
  seconds: number
  onOpen: (traceId: string) => void
  onSelect: (selection: Selection) => void
}

const height = 170
const left = 58
const bottom = 22

interface Frame {
  width: number
  from: number // epoch seconds at the left edge
  to: number
  low: number // duration levels at the bottom and above the top
  high: number
}

const x = (frame: Frame, second: number) => left + ((second - frame.from) / (frame.to - frame.from)) * (frame.width - left)
const y = (frame: Frame, level: number) => (height - bottom) * (1 - (level - frame.low) / (frame.high - frame.low))
const durationAt = (level: number) => 10 ** (level / levelsPerDecade)

function frameOf(cells: readonly Cell[], range: Range, width: number): Frame {
  const levels = cells.map((cell) => cell.level)
  const low = levels.length > 0 ? Math.min(...levels) : 30
  const high = levels.length > 0 ? Math.max(...levels) + 1 : 45
  const spare = Math.max(0, 8 - (high - low))
  return { width, from: Number(range.from / 1_000_000n) / 1000, to: Number(range.to / 1_000_000n) / 1000, low: low - Math.floor(spare / 2), high: high + Math.ceil(spare / 2) }
}

export function Density({ cells, range, seconds, onOpen, onSelect }: DensityProps) {
  const host = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const [width, setWidth] = useState(600)
  const [pointer, setPointer] = useState<{ x: number; y: number } | null>(null)
  const [drag, setDrag] = useState<{ x: number; y: number } | null>(null)
  const colours = paint()
  const frame = useMemo(() => frameOf(cells, range, width), [cells, range, width])
  useLayoutEffect(() => {
    if (!host.current) return
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width))
    observer.observe(host.current)
    return () => observer.disconnect()
  }, [])
  const hovered = pointer ? cellAt(cells, frame, seconds, pointer) : undefined
  useLayoutEffect(() => {
    if (canvas.current) drawDensity(canvas.current, { cells, frame, seconds, colours, hovered })
  }, [cells, frame, seconds, colours, hovered])
  const at = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }
  const onUp = (event: PointerEvent) => {
    const end = at(event)
    if (drag && (Math.abs(end.x - drag.x) > 6 || Math.abs(end.y - drag.y) > 6)) onSelect(selectionOf(frame, drag, end))
    else if (hovered) onOpen(hovered.slowest)
    setDrag(null)
  }
  return (
    <div class="density" ref={host} style={{ height: `${height}px` }}>
      <p class="visually-hidden">{summary(cells)}</p>
      <canvas
        ref={canvas} aria-hidden="true"
        onPointerDown={(event) => setDrag(at(event))}
        onPointerMove={(event) => setPointer(at(event))}
        onPointerLeave={() => setPointer(null)}
        onPointerUp={onUp}
      />
      {drag && pointer && <div class="density-drag" style={rectangle(drag, pointer)} />}
      {hovered && pointer && !drag && <Tip cell={hovered} pointer={pointer} width={width} />}
    </div>
  )
}

type Point = { x: number; y: number }

const rectangle = (from: Point, to: Point) => ({
  left: `${Math.min(from.x, to.x)}px`,
  top: `${Math.min(from.y, to.y)}px`,
  width: `${Math.abs(to.x - from.x)}px`,
  height: `${Math.abs(to.y - from.y)}px`,
})

function selectionOf(frame: Frame, from: Point, to: Point): Selection {
  const second = (point: number) => frame.from + (Math.max(0, point - left) / (frame.width - left)) * (frame.to - frame.from)
  const level = (point: number) => frame.low + (1 - Math.min(1, point / (height - bottom))) * (frame.high - frame.low)
  const write = (value: number) => `${Math.round(durationAt(value) / 1000)}us`
  return {
    from: fromMilliseconds(second(Math.min(from.x, to.x)) * 1000),
    to: fromMilliseconds(second(Math.max(from.x, to.x)) * 1000 + 1),
    shortest: write(level(Math.max(from.y, to.y))),
    longest: write(level(Math.min(from.y, to.y))),
  }
}

function cellAt(cells: readonly Cell[], frame: Frame, seconds: number, pointer: Point): Cell | undefined {
  return cells.find((cell) => {
    const inside = pointer.x >= x(frame, cell.second) && pointer.x < Math.max(x(frame, cell.second + seconds), x(frame, cell.second) + 4)
    return inside && pointer.y <= y(frame, cell.level) && pointer.y > y(frame, cell.level + 1)
  })
}

function summary(cells: readonly Cell[]): string {
  if (cells.length === 0) return t('traces.density.empty')
  const levels = cells.map((cell) => cell.level)
  return t('traces.density.summary', {
    traces: cells.reduce((sum, cell) => sum + cell.traces, 0),
    errors: cells.reduce((sum, cell) => sum + cell.errors, 0),
    shortest: duration(durationAt(Math.min(...levels))),
    longest: duration(durationAt(Math.max(...levels) + 1)),
  })
}

function Tip({ cell, pointer, width }: { cell: Cell; pointer: Point; width: number }) {
  return (
    <div class="plot-tip density-tip num" style={{ transform: `translate(${pointer.x > width - 220 ? pointer.x - 210 : pointer.x + 14}px, ${Math.min(pointer.y, height - 76)}px)` }}>
      <b>{fullTime(cell.second * 1000)}</b>
      <div>
        {duration(durationAt(cell.level))} – {duration(durationAt(cell.level + 1))}
      </div>
      <div>{t('traces.count', { n: cell.traces })}</div>
      {cell.errors > 0 && <div class="error-text">{t('trace.errors', { n: cell.errors })}</div>}
    </div>
  )
}

interface Drawing {
  cells: readonly Cell[]
  frame: Frame
  seconds: number
  colours: Paint
  hovered: Cell | undefined
}

function drawDensity(canvas: HTMLCanvasElement, { cells, frame, seconds, colours, hovered }: Drawing): void {
  const context = fitCanvas(canvas, frame.width, height)
  if (!context) return
  drawAxes(context, frame, colours)
  const most = Math.max(1, ...cells.map((cell) => cell.traces))
  for (const cell of cells) {
    const from = Math.max(left, x(frame, cell.second))
    const wide = Math.max(3, x(frame, cell.second + seconds) - from - 1)
    const top = y(frame, cell.level + 1)
    const high = y(frame, cell.level) - top - 1
    context.globalAlpha = 0.24 + 0.76 * (Math.log1p(cell.traces) / Math.log1p(most))
    context.fillStyle = colours.services[0] ?? colours.info
    context.beginPath()
    context.roundRect(from, top, wide, high, 1.5)
    context.fill()
    context.globalAlpha = 1
    if (cell.errors > 0) drawErrors(context, colours, cell.errors / cell.traces, { from, top, wide, high })
    if (cell === hovered) {
      context.strokeStyle = colours.text
      context.strokeRect(from - 0.5, top - 0.5, wide + 1, high + 1)
    }
  }
}

// The share of failed traces, as a block rising from the bottom of the cell.
function drawErrors(context: CanvasRenderingContext2D, colours: Paint, share: number, box: { from: number; top: number; wide: number; high: number }): void {
  const high = Math.max(3, box.high * share)
  context.fillStyle = colours.error
  context.fillRect(box.from, box.top + box.high - high, box.wide, high)
}

function drawAxes(context: CanvasRenderingContext2D, frame: Frame, colours: Paint): void {
  context.font = colours.font
  context.strokeStyle = colours.line
  context.fillStyle = colours.text3
  context.textBaseline = 'middle'
  context.textAlign = 'right'
  for (let level = Math.ceil(frame.low / levelsPerDecade) * levelsPerDecade; level <= frame.high; level += levelsPerDecade) {
    const at = Math.round(y(frame, level)) + 0.5
    context.beginPath()
    context.moveTo(left, at)
    context.lineTo(frame.width, at)
    context.stroke()
    context.fillText(duration(durationAt(level)), left - 8, Math.max(8, at))
  }
  context.textAlign = 'center'
  const marks = Math.max(2, Math.floor((frame.width - left) / 130))
  const step = (frame.to - frame.from) / marks
  for (let mark = 0; mark < marks; mark += 1) {
    const second = frame.from + step * (mark + 0.5)
    const text = step > 43_200 ? day(second * 1000) : minute(second * 1000)
    context.fillText(text, x(frame, second), height - bottom / 2 + 2)
  }
  context.textAlign = 'left'
}
