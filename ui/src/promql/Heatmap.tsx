// Observations by time and size on a canvas, with a table twin; drag zooms in, exemplars open traces.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Icon } from '../components/Icon'
import { paint } from '../components/palette'
import { t } from '../i18n/translate'
import { timeZone } from '../settings/settings'
import { fullTime } from '../time/format'
import { fromMilliseconds } from '../time/nanoseconds'
import { setRange } from '../url/state'
import { follow, point } from './crosshair'
import { cellAt, drawHeatmap, frameIn, markPlace, timeAt, xOf, type Frame } from './drawHeatmap'
import { labelsOf, type ExemplarMark } from './exemplars'
import { nameOfRow, type Cells } from './heatmap'
import { marksAt, type Mark } from './marks'
import { format } from './units'
import './graph.css'
import './heatmap.css'

interface HeatmapProps {
  title: string
  cells: Cells
  unit?: string
  countUnit?: string
  height?: number
  exemplars?: readonly ExemplarMark[]
  onExemplar?: (mark: ExemplarMark) => void
  markers?: readonly Mark[]
  group?: string // charts of one group share a cross-hair
}

const none: readonly never[] = []

export function Heatmap(props: HeatmapProps) {
  const { title, cells, unit, countUnit = 'short', height = 240 } = props
  const [asTable, setAsTable] = useState(false)
  const summary = useMemo(() => summarise(title, cells, unit, countUnit), [title, cells, unit, countUnit])
  return (
    <figure class="graph">
      <figcaption class="visually-hidden">{summary}</figcaption>
      {asTable ? <Twin title={title} cells={cells} unit={unit} countUnit={countUnit} height={height} /> : <Canvas {...props} height={height} countUnit={countUnit} />}
      <button class="button small icon plain graph-toggle" aria-pressed={asTable} onClick={() => setAsTable(!asTable)} title={t('chart.table')}>
        <Icon name={asTable ? 'chart' : 'table'} size={13} />
        <span class="visually-hidden">{t('chart.table')}: {title}</span>
      </button>
    </figure>
  )
}

function summarise(title: string, { bounds, counts, labels }: Cells, unit: string | undefined, countUnit: string): string {
  const totals = counts.map((row) => row.reduce((sum, count) => sum + count, 0))
  const fullest = totals.indexOf(Math.max(...totals))
  const [lower, upper] = bounds[fullest] ?? []
  if (lower === undefined || upper === undefined) return `${title}. ${t('graph.empty')}`
  if (labels) return `${title}. ${t('graph.series', { n: labels.length })}. ${labels.slice(0, 12).join('; ')}`
  return `${title}. ${t('heatmap.summary', { rows: bounds.length, lower: format(lower, unit), upper: format(upper, unit), most: format(totals[fullest] ?? 0, countUnit) })}`
}

interface CanvasProps extends HeatmapProps {
  height: number
  countUnit: string
}

function Canvas({ cells, unit, countUnit, height, exemplars = none, markers = none, onExemplar, group }: CanvasProps) {
  const host = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const [width, setWidth] = useState(0)
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null)
  const [at, setAt] = useState<{ x: number; y: number } | null>(null)
  const colours = paint()
  const zone = timeZone.value
  const frame = useMemo(() => frameIn(width, height), [width, height])
  useEffect(() => {
    const box = host.current
    if (!box) return
    const observer = new ResizeObserver(() => setWidth(box.clientWidth))
    observer.observe(box)
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!canvas.current || !context || width === 0) return
    canvas.current.width = width * devicePixelRatio
    canvas.current.height = height * devicePixelRatio
    context.scale(devicePixelRatio, devicePixelRatio)
    drawHeatmap(context, { cells, frame, unit, colours, exemplars, markers, from: drag?.from ?? null, to: drag?.to ?? null })
  }, [cells, frame, unit, colours, exemplars, markers, drag, zone])
  const others = useFollowed(group, at !== null)
  const placeOf = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }
  const nearest = at ? markNear(cells, frame, exemplars, at) : null
  const finish = () => {
    const zoomed = drag && Math.abs(drag.to - drag.from) >= 6
    if (zoomed) {
      const [from, to] = [timeAt(cells, frame, Math.min(drag.from, drag.to)), timeAt(cells, frame, Math.max(drag.from, drag.to))]
      setRange({ kind: 'absolute', from: fromMilliseconds(from * 1000), to: fromMilliseconds(to * 1000) })
    } else if (nearest) onExemplar?.(nearest)
    setDrag(null)
  }
  return (
    <div
      class={`heatmap ${nearest ? 'on-mark' : ''}`} ref={host} style={{ height: `${height}px` }}
      onPointerDown={(event) => { const { x } = placeOf(event); setDrag({ from: x, to: x }) }}
      onPointerMove={(event) => {
        const place = placeOf(event)
        setAt(place)
        if (drag) setDrag({ ...drag, to: place.x })
        if (group) point(group, place.x < frame.left || cells.times.length === 0 ? null : timeAt(cells, frame, place.x))
      }}
      onPointerUp={finish}
      onPointerLeave={() => { setAt(null); setDrag(null); if (group) point(group, null) }}
    >
      <canvas ref={canvas} aria-hidden="true" />
      <Hair at={at ? at.x : others === null ? null : xOf(cells, frame, others)} frame={frame} />
      {cells.bounds.length === 0 && <p class="graph-empty">{t('graph.empty')}</p>}
      {at && <Tip cells={cells} at={at} unit={unit} countUnit={countUnit} width={width} height={height} mark={nearest} marks={marksAt(markers, at.x, (time) => xOf(cells, frame, time))} />}
    </div>
  )
}

// Where somebody points in another chart of the group.
function useFollowed(group: string | undefined, here: boolean): number | null {
  const [time, setTime] = useState<number | null>(null)
  useEffect(() => (group ? follow(group, setTime) : undefined), [group])
  return here ? null : time
}

function Hair({ at, frame }: { at: number | null; frame: Frame }) {
  if (at === null || at < frame.left || at > frame.left + frame.width) return null
  return <i class="heatmap-hair" style={{ transform: `translateX(${Math.round(at)}px)`, top: `${frame.top}px`, height: `${frame.height}px` }} />
}

function markNear(cells: Cells, frame: Frame, marks: readonly ExemplarMark[], { x, y }: { x: number; y: number }): ExemplarMark | null {
  let best: ExemplarMark | null = null
  let least = 9
  for (const mark of marks) {
    const place = markPlace(cells, frame, mark)
    const distance = place ? Math.hypot(place.x - x, place.y - y) : Infinity
    if (distance < least) [best, least] = [mark, distance]
  }
  return best
}

interface TipProps {
  cells: Cells
  at: { x: number; y: number }
  unit: string | undefined
  countUnit: string
  width: number
  height: number
  mark: ExemplarMark | null
  marks: readonly Mark[]
}

function Tip({ cells, at, unit, countUnit, width, height, mark, marks }: TipProps) {
  const found = cellAt(cells, frameIn(width, height), at.x, at.y)
  const [lower, upper] = (found && cells.bounds[found.row]) ?? []
  if (!found || lower === undefined || upper === undefined) return null
  const time = cells.times[found.column] ?? 0
  const style = at.x > width / 2 ? { right: `${width - at.x + 14}px` } : { left: `${at.x + 14}px` }
  return (
    <div class="plot-tip graph-tip heatmap-tip" style={style}>
      <b>{fullTime((mark?.time ?? time) * 1000)}</b>
      {mark ? (
        <>
          <div><span>{t('graph.exemplar')}</span><em>{format(mark.value, unit)}</em></div>
          {labelsOf(mark).slice(0, 10).map(([name, value]) => <div key={name}><span>{name}</span><em>{value.slice(0, 60)}</em></div>)}
          {mark.traceId && <div class="quiet">{t('graph.exemplar.open')}</div>}
        </>
      ) : (
        <div><span>{cells.labels?.[found.row] ?? `${format(lower, unit)} – ${format(upper, unit)}`}</span><em>{format(cells.counts[found.row]?.[found.column] ?? 0, countUnit)}</em></div>
      )}
      {marks.slice(0, 5).map(({ label, colour }, index) => <div key={index}>{colour && <i style={{ background: colour }} />}<span>{label.slice(0, 160)}</span></div>)}
    </div>
  )
}

function Twin({ title, cells, unit, countUnit, height }: { title: string; cells: Cells; unit: string | undefined; countUnit: string; height: number }) {
  return (
    <div class="chart-table" style={{ height: `${height}px` }} tabIndex={0} role="region" aria-label={title}>
      <table class="grid-table num">
        <thead>
          <tr>
            <th scope="col">{t('chart.time')}</th>
            {cells.bounds.map((_, row) => <th scope="col" class="right" key={row}>{nameOfRow(cells, row, (upper) => `≤ ${format(upper, unit)}`)}</th>)}
          </tr>
        </thead>
        <tbody>
          {cells.times.map((time, column) => (
            <tr key={time}>
              <td>{fullTime(time * 1000)}</td>
              {cells.counts.map((counts, row) => <td class="right" key={row}>{format(counts[column] ?? 0, countUnit)}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
