// The only module that knows uPlot. Draws lines or stacked bars over time, with a text summary
// for screen readers and a data-table twin.
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { t } from '../i18n/translate'
import { fromMilliseconds } from '../time/nanoseconds'
import { compact, fullTime, minute } from '../time/format'
import { setRange } from '../url/state'
import { timeZone } from '../settings/settings'
import { Icon } from './Icon'
import { paint, type Paint } from './palette'
import './timeChart.css'

export interface Series {
  label: string
  values: readonly (number | null)[]
  colour: (colours: Paint) => string
  dashed?: boolean // what it is compared with
}

export interface Marker {
  time: number // epoch seconds
  label: string
}

export interface TimeChartProps {
  title: string
  times: readonly number[]
  series: readonly Series[]
  kind?: 'lines' | 'bars'
  height?: number
  format?: (value: number) => string
  bare?: boolean
  markers?: readonly Marker[]
  onPick?: (second: number) => void // a click, where a drag zooms
}

export function TimeChart(props: TimeChartProps) {
  const { title, times, series, height = 150, format = compact } = props
  const [asTable, setAsTable] = useState(false)
  const summary = useMemo(() => summarise(title, series, format), [title, series])
  return (
    <figure class="time-chart">
      <figcaption class="visually-hidden">{summary}</figcaption>
      {asTable ? <DataTable times={times} series={series} format={format} height={height} title={title} /> : <Plot {...props} />}
      <button class="button small icon plain chart-toggle" aria-pressed={asTable} onClick={() => setAsTable(!asTable)} title={t('chart.table')}>
        <Icon name={asTable ? 'chart' : 'table'} size={13} />
        <span class="visually-hidden">
          {t('chart.table')}: {title}
        </span>
      </button>
    </figure>
  )
}

function summarise(title: string, series: readonly Series[], format: (value: number) => string): string {
  const parts = series.map(({ label, values }) => {
    const numbers = values.filter((value) => value !== null)
    if (numbers.length === 0) return `${label}: –`
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
    return t('chart.summary', { label, low: format(low), high: format(high), last: format(numbers.at(-1) ?? 0) })
  })
  return `${title}. ${parts.join('; ')}`
}

function DataTable({ times, series, format, height, title }: Required<Pick<TimeChartProps, 'times' | 'series' | 'format' | 'height' | 'title'>>) {
  return (
    <div class="chart-table" style={{ height: `${height}px` }} tabIndex={0} role="region" aria-label={title}>
      <table class="grid-table num">
        <thead>
          <tr>
            <th scope="col">{t('chart.time')}</th>
            {series.map(({ label }) => (
              <th scope="col" class="right" key={label}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((time, index) => (
            <tr key={time}>
              <td>{fullTime(time * 1000)}</td>
              {series.map(({ label, values }) => (
                <td class="right" key={label}>
                  {values[index] === null || values[index] === undefined ? '–' : format(values[index])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

// Bars are drawn from the top of the stack down, each over the one below.
function stackUp(series: readonly Series[]): (number | null)[][] {
  const totals = new Array<number>(series[0]?.values.length ?? 0).fill(0)
  const layers = series.map(({ values }) =>
    values.map((value, index) => {
      totals[index] = (totals[index] ?? 0) + (value ?? 0)
      return totals[index] ?? 0
    }),
  )
  return layers.reverse()
}

function Plot(props: TimeChartProps) {
  const { times, series, kind = 'lines', height = 150, format = compact, markers } = props
  const box = useRef<HTMLDivElement>(null)
  const tip = useRef<HTMLDivElement>(null)
  const colours = paint()
  const zone = timeZone.value
  useEffect(() => {
    const host = box.current
    if (!host) return
    const data = [times, ...(kind === 'bars' ? stackUp(series) : series.map(({ values }) => values))] as uPlot.AlignedData
    const plot = new uPlot(plotOptions({ ...props, width: host.clientWidth, colours, tip }), data, host)
    const observer = new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height }))
    observer.observe(host)
    return () => {
      observer.disconnect()
      plot.destroy()
    }
  }, [times, series, kind, height, colours, zone, format, markers])
  return (
    <div class="plot" style={{ height: `${height}px` }}>
      <div ref={box} />
      <div ref={tip} class="plot-tip" hidden />
    </div>
  )
}

interface PlotOptions extends TimeChartProps {
  width: number
  colours: Paint
  tip: { current: HTMLDivElement | null }
}

function plotOptions(options: PlotOptions): uPlot.Options {
  const { series, kind = 'lines', height = 150, width, colours, bare = false, format = compact } = options
  const drawn = kind === 'bars' ? [...series].reverse() : series
  const grid = { stroke: colours.line, width: 1 }
  const axis = { stroke: colours.text3, font: colours.font, ticks: { show: false } }
  return {
    width,
    height,
    legend: { show: false },
    padding: bare ? [4, 0, 2, 0] : [8, 10, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), timeZone.value),
    cursor: { drag: { x: true, y: false, setScale: false }, points: { show: kind === 'lines' }, y: false },
    scales: { y: { range: (_, __, high) => [0, high > 0 ? high * 1.08 : 1] } },
    axes: [
      { ...axis, show: !bare, grid: { show: false }, size: 24, space: 70, values: (_, splits) => splits.map((second) => minute(second * 1000)) },
      { ...axis, show: !bare, grid, size: 52, space: 34, values: (_, splits) => splits.map(format) },
    ],
    series: [{}, ...drawn.map((one) => seriesOptions(one, kind, colours))],
    hooks: { ready: [(plot) => listenForPicks(plot, options.onPick)], setSelect: [zoomToSelection], setCursor: [(plot) => showTip(plot, options)], draw: [(plot) => drawMarkers(plot, options)] },
  }
}

function seriesOptions({ label, colour, dashed }: Series, kind: 'lines' | 'bars', colours: Paint): uPlot.Series {
  const stroke = colour(colours)
  if (kind === 'bars') {
    const paths = uPlot.paths.bars?.({ size: [0.82, 26], gap: 1 })
    return { label, fill: stroke, stroke, width: 0, points: { show: false }, ...(paths ? { paths } : {}) }
  }
  const points: uPlot.Series.Points = { show: false, filter: alone, size: 5, fill: stroke }
  if (dashed) return { label, stroke, width: 1.2, dash: [4, 4], points }
  return { label, stroke, width: 1.6, fill: `${stroke}1c`, points }
}

// A value between gaps has no line to show it, so it gets a dot.
function alone(plot: uPlot, place: number): number[] | null {
  const values = plot.data[place] ?? []
  const known = (index: number): boolean => values[index] !== null && values[index] !== undefined
  const found = Array.from(values, (_, index) => index).filter((index) => known(index) && !known(index - 1) && !known(index + 1))
  return found.length > 0 ? found : null
}

function drawMarkers(plot: uPlot, { markers = [], colours }: PlotOptions): void {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.strokeStyle = ctx.fillStyle = colours.accent
  ctx.lineWidth = devicePixelRatio
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio])
  for (const { time } of markers) {
    const x = Math.round(plot.valToPos(time, 'x', true))
    if (x < bbox.left || x > bbox.left + bbox.width) continue
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    ctx.beginPath()
    ctx.moveTo(x - 4 * devicePixelRatio, bbox.top)
    ctx.lineTo(x + 4 * devicePixelRatio, bbox.top)
    ctx.lineTo(x, bbox.top + 6 * devicePixelRatio)
    ctx.fill()
  }
  ctx.restore()
}

function listenForPicks(plot: uPlot, onPick: TimeChartProps['onPick']): void {
  if (!onPick) return
  let from = 0
  plot.over.addEventListener('mousedown', (event) => (from = event.clientX))
  plot.over.addEventListener('click', (event) => {
    const { idx } = plot.cursor
    const second = idx === null || idx === undefined ? undefined : plot.data[0][idx]
    if (second !== undefined && Math.abs(event.clientX - from) < 4) onPick(second)
  })
}

function zoomToSelection(plot: uPlot): void {
  if (plot.select.width < 4) return
  const from = plot.posToVal(plot.select.left, 'x')
  const to = plot.posToVal(plot.select.left + plot.select.width, 'x')
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  setRange({ kind: 'absolute', from: fromMilliseconds(from * 1000), to: fromMilliseconds(to * 1000) })
}

function showTip(plot: uPlot, { times, series, tip, format = compact, colours }: PlotOptions): void {
  const box = tip.current
  const index = plot.cursor.idx
  if (!box) return
  if (index === null || index === undefined || (plot.cursor.left ?? -1) < 0) {
    box.hidden = true
    return
  }
  const lines = series
    .filter(({ values }) => series.length < 4 || (values[index] ?? 0) !== 0)
    .map(({ label, values, colour }) => tipLine(label, values[index] ?? null, colour(colours), format))
  const heading = document.createElement('b')
  heading.textContent = fullTime((times[index] ?? 0) * 1000)
  box.replaceChildren(heading, ...lines)
  box.hidden = false
  const left = (plot.cursor.left ?? 0) + plot.over.offsetLeft
  const flip = left > plot.width - 200
  box.style.transform = `translate(${flip ? left - box.offsetWidth - 12 : left + 12}px, 6px)`
}

function tipLine(label: string, value: number | null, colour: string, format: (value: number) => string): HTMLElement {
  const line = document.createElement('div')
  const dot = document.createElement('i')
  dot.style.background = colour
  const name = document.createElement('span')
  name.textContent = label
  const number = document.createElement('em')
  number.textContent = value === null ? '–' : format(value)
  line.append(dot, name, number)
  return line
}
