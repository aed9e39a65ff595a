import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Icon } from '../../../components/Icon'
import { paint, type Paint } from '../../../components/palette'
import { t } from '../../../i18n/translate'
import type { Steps } from '../../../promql/answer'
import { format } from '../../../promql/units'
import { compact, fullTime, minute } from '../../../time/format'
import { fromMilliseconds } from '../../../time/nanoseconds'
import { setRange } from '../../../url/state'
import { heatOf, type Heat } from './buckets'
import type { BodyProps } from './ChartPanel'

const left = 74
const foot = 22

export function HeatmapPanel({ panel, data, title, width, height, steps }: BodyProps & { steps: Steps }) {
  const heat = useMemo(() => heatOf(data.matrix, steps, (bound) => format(bound, panel.unit, panel.decimals)), [data.matrix, steps, panel.unit, panel.decimals])
  const [asTable, setAsTable] = useState(false)
  return (
    <figure class="dash-heat">
      <figcaption class="visually-hidden">{t('dash.heat.summary', { title, rows: heat.bounds.length, most: compact(heat.most) })}</figcaption>
      {asTable ? <Twin heat={heat} height={height} title={title} /> : <Cells heat={heat} width={width} height={height} />}
      <button class="button small icon plain graph-toggle" aria-pressed={asTable} onClick={() => setAsTable(!asTable)} title={t('chart.table')}>
        <Icon name={asTable ? 'chart' : 'table'} size={13} />
        <span class="visually-hidden">{t('chart.table')}: {title}</span>
      </button>
    </figure>
  )
}

interface Spot {
  column: number
  row: number
  x: number
  y: number
}

function Cells({ heat, width, height }: { heat: Heat; width: number; height: number }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [spot, setSpot] = useState<Spot | null>(null)
  const colours = paint()
  const inner = { w: Math.max(20, width - left - 6), h: Math.max(20, height - foot) }
  useEffect(() => {
    if (canvas.current) draw(canvas.current, heat, width, height, colours)
  }, [heat, width, height, colours])
  const at = (event: PointerEvent): Spot | null => {
    const box = canvas.current?.getBoundingClientRect()
    if (!box || heat.bounds.length === 0) return null
    const [x, y] = [event.clientX - box.left, event.clientY - box.top]
    const column = Math.floor(((x - left) / inner.w) * heat.times.length)
    const row = heat.bounds.length - 1 - Math.floor((y / inner.h) * heat.bounds.length)
    return column >= 0 && column < heat.times.length && row >= 0 && row < heat.bounds.length ? { column, row, x, y } : null
  }
  const step = (heat.times[1] ?? 0) - (heat.times[0] ?? 0)
  const zoom = (event: PointerEvent) => {
    const found = at(event)
    const time = heat.times[found?.column ?? -1]
    if (time !== undefined && step > 0) setRange({ kind: 'absolute', from: fromMilliseconds((time - step * 10) * 1000), to: fromMilliseconds((time + step * 10) * 1000) })
  }
  const shown = spot ? { bound: heat.bounds[spot.row], cell: heat.cells[spot.row]?.[spot.column] ?? null, time: heat.times[spot.column] ?? 0 } : null
  return (
    <div class="dash-heat-box" onPointerMove={(event) => setSpot(at(event))} onPointerLeave={() => setSpot(null)} onDblClick={(event) => zoom(event as unknown as PointerEvent)}>
      <canvas ref={canvas} style={{ width: `${width}px`, height: `${height}px` }} aria-hidden="true" />
      {spot && shown?.bound && (
        <div class="plot-tip" style={{ transform: `translate(${spot.x > width - 190 ? spot.x - 178 : spot.x + 12}px, ${Math.min(spot.y, height - 66)}px)` }}>
          <b>{fullTime(shown.time * 1000)}</b>
          <div><i /><span>{shown.bound.label}</span><em>{shown.cell === null ? '–' : compact(shown.cell)}</em></div>
        </div>
      )}
    </div>
  )
}

function draw(canvas: HTMLCanvasElement, heat: Heat, width: number, height: number, colours: Paint): void {
  const ratio = devicePixelRatio
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  const ctx = canvas.getContext('2d')
  if (!ctx) return
  ctx.scale(ratio, ratio)
  ctx.clearRect(0, 0, width, height)
  const [w, h] = [(width - left - 6) / Math.max(1, heat.times.length), (height - foot) / Math.max(1, heat.bounds.length)]
  ctx.fillStyle = colours.services[0] ?? colours.info
  heat.cells.forEach((row, index) => {
    row.forEach((cell, at) => {
      if (!cell) return
      // The root keeps rare buckets visible beside the full ones.
      ctx.globalAlpha = 0.12 + 0.88 * Math.sqrt(cell / (heat.most || 1))
      ctx.fillRect(left + at * w, (heat.bounds.length - 1 - index) * h, Math.max(1, w - (w > 5 ? 1 : 0)), Math.max(1, h - (h > 5 ? 1 : 0)))
    })
  })
  ctx.globalAlpha = 1
  labels(ctx, heat, { w, h, width, height }, colours)
}

function labels(ctx: CanvasRenderingContext2D, heat: Heat, { w, h, width, height }: { w: number; h: number; width: number; height: number }, colours: Paint): void {
  ctx.fillStyle = colours.text3
  ctx.font = colours.font
  ctx.textAlign = 'right'
  ctx.textBaseline = 'middle'
  const each = Math.max(1, Math.ceil(15 / h))
  heat.bounds.forEach(({ label }, index) => {
    if (index % each === 0) ctx.fillText(label.length > 12 ? `${label.slice(0, 11)}…` : label, left - 6, (heat.bounds.length - index - 0.5) * h)
  })
  ctx.textAlign = 'center'
  ctx.textBaseline = 'top'
  const every = Math.max(1, Math.ceil(74 / w))
  for (let at = Math.floor(every / 2); at < heat.times.length; at += every) {
    const x = left + (at + 0.5) * w
    if (x < width - 16) ctx.fillText(minute((heat.times[at] ?? 0) * 1000), x, height - foot + 6)
  }
}

const twinRows = 200

function Twin({ heat, height, title }: { heat: Heat; height: number; title: string }) {
  return (
    <div class="chart-table" style={{ height: `${height}px` }} tabIndex={0} role="region" aria-label={title}>
      <table class="grid-table num">
        <thead>
          <tr>
            <th scope="col">{t('chart.time')}</th>
            {heat.bounds.map(({ label }) => <th scope="col" class="right" key={label}>{label}</th>)}
          </tr>
        </thead>
        <tbody>
          {heat.times.slice(-twinRows).map((time, at, shown) => (
            <tr key={time}>
              <td>{fullTime(time * 1000)}</td>
              {heat.cells.map((row, index) => <td class="right" key={index}>{cellText(row[heat.times.length - shown.length + at])}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const cellText = (cell: number | null | undefined): string => (cell === null || cell === undefined ? '–' : compact(cell))
