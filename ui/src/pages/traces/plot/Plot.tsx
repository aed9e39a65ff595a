// Spans by time and duration, as a heatmap or one by one. Pointer and keyboard do the same: open what is
// marked, or select a rectangle.
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { paint } from '../../../components/palette'
import { t } from '../../../i18n/translate'
import type { Range } from '../../../time/range'
import type { Cell, Dot } from './cells'
import { boundsOf, cellAt, dotAt, frameOf, nextCell, nextDot, regionBetween, regionOfCells, regionOfDots, type Point, type Step } from './frame'
import { drawPlot } from './draw'
import type { Region } from './region'
import { describeCell, describeDot, Tip } from './Tip'

export interface PlotProps {
  cells: readonly Cell[]
  dots: readonly Dot[] | null // drawn instead of the cells
  range: Range
  region: Region | null
  label: string
  summary: string
  onOpen: (what: Cell | Dot) => void
  onRegion: (region: Region | null, options?: { replace?: boolean }) => void
}

const height = 210
const keySteps: Record<string, Step> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' }

export function Plot(props: PlotProps) {
  const { cells, dots, range, region, label, summary, onOpen, onRegion } = props
  const host = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const [width, setWidth] = useState(600)
  const [pointer, setPointer] = useState<Point | null>(null)
  const [start, setStart] = useState<Point | null>(null)
  const keyboard = useCursor(props)
  const colours = paint()
  const frame = useMemo(() => {
    const { low, high } = boundsOf(cells, dots)
    return frameOf(low, high, range, width, height)
  }, [cells, dots, range, width])
  useLayoutEffect(() => {
    if (!host.current) return
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width))
    observer.observe(host.current)
    return () => observer.disconnect()
  }, [])
  const far = start && pointer && (Math.abs(pointer.x - start.x) > 6 || Math.abs(pointer.y - start.y) > 6)
  const drawn = far ? regionBetween(frame, range, start, pointer) : region
  const hovered = pointer && !far ? (dots ? dotAt(frame, dots, pointer) : cellAt(frame, cells, pointer)) : undefined
  const marked = hovered ?? keyboard.cursor
  useLayoutEffect(() => {
    if (canvas.current) drawPlot(canvas.current, { cells, dots, frame, range, region: drawn, marked, colours })
  }, [cells, dots, frame, range, drawn && JSON.stringify(drawn, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)), marked, colours])
  const at = (event: PointerEvent): Point => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }
  const onDown = (event: PointerEvent) => {
    if (event.button !== 0) return
    ;(event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)
    setStart(at(event))
    setPointer(at(event))
  }
  const onUp = () => {
    if (far && start && pointer) onRegion(regionBetween(frame, range, start, pointer))
    else if (start && hovered) onOpen(hovered)
    setStart(null)
  }
  return (
    <div
      class="span-plot" ref={host} style={{ height: `${height}px` }} tabIndex={0} role="application"
      aria-label={label} aria-roledescription={t('traces.plot.role')} aria-describedby="span-plot-summary"
      onKeyDown={keyboard.onKeyDown} onBlur={keyboard.leave}
    >
      <p class="visually-hidden" id="span-plot-summary">
        {summary} {t('traces.plot.keys')}
      </p>
      <canvas
        ref={canvas} aria-hidden="true" class={hovered && !start ? 'over' : ''}
        onPointerDown={onDown} onPointerMove={(event) => setPointer(at(event))} onPointerUp={onUp}
        onPointerLeave={() => setPointer(null)} onPointerCancel={() => setStart(null)}
      />
      {hovered && pointer && <Tip of={hovered} range={range} at={pointer} width={width} height={height} />}
      <p class="visually-hidden" role="status">
        {keyboard.cursor && ('trace' in keyboard.cursor ? describeDot(keyboard.cursor, range) : describeCell(keyboard.cursor, range))}
      </p>
      {keyboard.cursor && !hovered && <Tip of={keyboard.cursor} range={range} at={null} width={width} height={height} frame={frame} />}
    </div>
  )
}

// The keyboard's place on the plot; with Shift it draws a selection from where it began.
function useCursor({ cells, dots, range, region, onOpen, onRegion }: PlotProps) {
  const [cell, setCell] = useState<Cell>()
  const [dot, setDot] = useState<Dot>()
  const anchor = useRef<Cell | Dot>()
  const known = dots ? (dot && dots.includes(dot) ? dot : undefined) : cell && cells.includes(cell) ? cell : undefined
  const move = (step: Step, select: boolean) => {
    const next = dots ? nextDot(dots, known as Dot | undefined, step) : nextCell(cells, known as Cell | undefined, step)
    if (!next) return
    if ('trace' in next) setDot(next)
    else setCell(next)
    if (!select) {
      anchor.current = next
      return
    }
    const from = anchor.current ?? known ?? next
    anchor.current = from
    if ('trace' in next && 'trace' in from) onRegion(regionOfDots(range, from, next), { replace: true })
    else if (!('trace' in next) && !('trace' in from)) onRegion(regionOfCells(range, from, next), { replace: true })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const step = keySteps[event.key]
    if (step) move(step, event.shiftKey)
    else if (event.key === 'Enter' && known) onOpen(known)
    else if (event.key === 'Escape' && (region || known)) {
      onRegion(null)
      setCell(undefined)
      setDot(undefined)
    } else return
    event.preventDefault()
    event.stopPropagation()
  }
  const leave = () => {
    setCell(undefined)
    setDot(undefined)
  }
  return { cursor: known, onKeyDown, leave }
}
