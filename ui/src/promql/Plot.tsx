// The drawing of a graph. With `TimeChart`, the only module that knows uPlot.
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useEffect, useRef } from 'preact/hooks'
import { paint, type Paint } from '../components/palette'
import { t } from '../i18n/translate'
import { timeZone } from '../settings/settings'
import { day, minute, clock } from '../time/format'
import { fromMilliseconds } from '../time/nanoseconds'
import { setRange } from '../url/state'
import { colourOf, isDashed } from './colour'
import { follow, point } from './crosshair'
import { drawExemplars, drawMarkers, drawThresholds, markAt } from './drawOver'
import type { GraphProps } from './Graph'
import { stacked } from './stack'
import { fillTip } from './tip'
import { format } from './units'

export interface PlotProps extends GraphProps {
  height: number
  hidden: ReadonlySet<string>
  bold: string | null
}

export interface Drawing extends PlotProps {
  colours: Paint
  box: { current: HTMLDivElement | null }
  tip: { current: HTMLDivElement | null }
  hovered: { current: boolean }
}

export function Plot(props: PlotProps) {
  const { times, series, height, hidden, bold } = props
  const host = useRef<HTMLDivElement>(null)
  const tip = useRef<HTMLDivElement>(null)
  const hovered = useRef(false)
  const plot = useRef<uPlot | null>(null)
  const colours = paint()
  const zone = timeZone.value
  // What is drawn over the plot may change without a new plot.
  const latest = useRef<Drawing>({ ...props, colours, box: host, tip, hovered })
  latest.current = { ...props, colours, box: host, tip, hovered }
  const { kind, stacked: piled, unit, log, min, max, fit, bare, group, connect, fill } = props
  useEffect(() => {
    const box = host.current
    if (!box) return
    const made = new uPlot(optionsOf(latest, box.clientWidth), dataOf(latest.current), box)
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height }))
    observer.observe(box)
    const leave = group ? follow(group, (time) => hovered.current || showAt(made, time)) : () => undefined
    return () => {
      leave()
      observer.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [times, series, hidden, height, colours, zone, kind, piled, unit, log, min, max, fit, bare, group, connect, fill])
  useEffect(() => plot.current?.redraw(false), [props.thresholds, props.markers, props.exemplars])
  useEffect(() => {
    const at = series.findIndex(({ id }) => id === bold)
    plot.current?.setSeries(at < 0 ? null : at + 1, { focus: true })
  }, [bold])
  const onClick = (event: MouseEvent) => {
    const { exemplars, onExemplar } = latest.current
    const mark = plot.current && exemplars ? markAt(plot.current, exemplars, event) : null
    if (mark) onExemplar?.(mark)
  }
  const onLeave = () => {
    hovered.current = false
    if (tip.current) tip.current.hidden = true
    if (group) point(group, null)
  }
  return (
    <div class="plot" style={{ height: `${height}px` }} onPointerEnter={() => (hovered.current = true)} onPointerLeave={onLeave}>
      <div ref={host} onClick={onClick} />
      <div ref={tip} class="plot-tip graph-tip" hidden />
      {series.every(({ values }) => values.every((value) => value === null)) && <p class="graph-empty">{t('graph.empty')}</p>}
    </div>
  )
}

function dataOf({ times, series, hidden, stacked: piled, log }: Drawing): uPlot.AlignedData {
  const shown = series.map(({ id, values }) => (hidden.has(id) ? values.map(() => null) : values))
  const layers = piled ? stacked(shown) : shown
  // A logarithmic axis has no place for zero.
  const drawn = log ? layers.map((values) => values.map((value) => (value !== null && value > 0 ? value : null))) : layers
  return [times, ...drawn] as unknown as uPlot.AlignedData
}

function optionsOf(latest: { current: Drawing }, width: number): uPlot.Options {
  const { series, colours, height, bare = false, unit, decimals, kind = 'lines', stacked: piled = false } = latest.current
  const axis = { stroke: colours.text3, font: colours.font, ticks: { show: false } }
  return {
    width, height,
    legend: { show: false },
    padding: bare ? [3, 0, 2, 0] : [8, 12, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), timeZone.value),
    focus: { alpha: 0.25 },
    cursor: {
      drag: { x: true, y: false, setScale: false }, points: { show: kind !== 'bars' && !piled, size: 6 }, y: false,
    },
    scales: { x: {}, y: scaleOf(latest) },
    axes: [
      { ...axis, show: !bare, grid: { show: false }, size: 24, space: 74, values: (plot, splits) => timeLabels(plot, splits) },
      { ...axis, show: !bare, grid: { stroke: colours.line, width: 1 }, size: axisSize, space: 34, values: (_, splits) => splits.map((split) => (split === null ? '' : format(split, unit, decimals))) },
    ],
    series: [{}, ...series.map((_, index) => seriesOptions(latest.current, index))],
    bands: piled && kind !== 'bars' ? series.slice(1).map((one, index) => ({ series: [index + 2, index + 1] as [number, number], fill: tint(colourOf(one, index + 1, colours), 0.32) })) : [],
    hooks: {
      setSelect: [(plot) => zoom(plot, latest.current)],
      setCursor: [(plot) => { fillTip(plot, latest.current); tell(plot, latest.current) }],
      drawClear: [(plot) => drawThresholds(plot, latest.current, true)],
      draw: [(plot) => { drawThresholds(plot, latest.current, false); drawMarkers(plot, latest.current); drawExemplars(plot, latest.current) }],
    },
  }
}

function tell(plot: uPlot, { group, hovered }: Drawing): void {
  const { left = -1 } = plot.cursor
  if (group && hovered.current) point(group, left < 0 ? null : plot.posToVal(left, 'x'))
}

// The line where somebody points in another chart.
function showAt(plot: uPlot, time: number | null): void {
  const left = time === null ? -1 : plot.valToPos(time, 'x')
  const inside = left >= 0 && left <= plot.over.clientWidth
  plot.setCursor({ left: inside ? left : -10, top: inside ? 0 : -10 }, false)
}

// As wide as the longest value written on the axis.
function axisSize(plot: uPlot, written: string[] | null): number {
  if (!written) return 50
  plot.ctx.save()
  const widest = Math.max(...written.map((text) => plot.ctx.measureText(text ?? '').width)) / devicePixelRatio
  plot.ctx.restore()
  return Math.max(42, Math.ceil(widest) + 16)
}

// A new day is named where it begins.
function timeLabels(plot: uPlot, splits: number[]): string[] {
  const { min = 0, max = 0 } = plot.scales['x'] ?? {}
  const length = (max ?? 0) - (min ?? 0)
  const write = length < 180 ? clock : minute
  return splits.map((second, index) => {
    const before = splits[index - 1]
    const today = day(second * 1000)
    return (before === undefined ? length > 86_400 : day(before * 1000) !== today) ? today : write(second * 1000)
  })
}

function scaleOf(latest: { current: Drawing }): uPlot.Scale {
  const { log = false } = latest.current
  if (log) return { distr: 3, range: (_, low, high) => uPlot.rangeLog(low || 0.001, high || 1, 10, true) }
  return {
    range: (_, dataLow, dataHigh) => {
      const { min, max, fit = false, thresholds = [], exemplars = [], stacked: piled = false } = latest.current
      const lines = thresholds.map(({ value }) => value).filter((value) => value < (dataHigh ?? 0) * 1.5)
      const marks = exemplars.map(({ value }) => value).filter((value) => value < (dataHigh ?? 0) * 3)
      const high = Math.max(dataHigh ?? 0, ...lines, ...marks)
      const low = Math.min(dataLow ?? 0, ...(fit && !piled ? [] : [0]))
      const room = (high - low) * 0.06 || Math.abs(high) * 0.06 || 1
      return [min ?? (low === 0 ? 0 : low - room), max ?? (high === 0 && low < 0 ? 0 : high + room)]
    },
  }
}

const tint = (colour: string, alpha: number): string => `${colour.slice(0, 7)}${Math.round(alpha * 255).toString(16).padStart(2, '0')}`

function seriesOptions({ series, kind = 'lines', colours, stacked: piled = false, fill, width = 1.6, connect = false }: Drawing, index: number): uPlot.Series {
  const one = series[index]
  if (!one) return {}
  const stroke = colourOf(one, index, colours)
  const base: uPlot.Series = { label: one.label, stroke, spanGaps: connect }
  if (kind === 'bars') {
    const paths = uPlot.paths.bars?.({ size: [0.82, 26], gap: 1, ...(piled ? { disp: onTheOneBelow } : {}) })
    return { ...base, fill: tint(stroke, 0.75), width: 0, points: { show: false }, ...(paths ? { paths } : {}) }
  }
  if (kind === 'points') return { ...base, paths: () => null, points: { show: true, size: 5, fill: stroke, width: 0 } }
  const opaque = fill ?? (piled ? 0.32 : series.length === 1 ? 0.1 : 0)
  return {
    ...base, width,
    ...(isDashed(one, index) ? { dash: [5, 4] } : {}),
    ...(opaque > 0 && (!piled || index === 0) ? { fill: tint(stroke, opaque) } : {}),
    points: { show: false, filter: alone, size: 5, fill: stroke },
  }
}

// A bar of a stack begins where the one below it ends, and so hides nothing.
const onTheOneBelow: uPlot.Series.BarsPathBuilderDisplay = {
  y0: { unit: 1, values: (plot, index) => (index > 1 ? filled(plot.data[index - 1]) : filled(plot.data[index]).map(() => 0)) },
  y1: { unit: 1, values: (plot, index) => filled(plot.data[index]) },
}

const filled = (values: uPlot.AlignedData[number] | undefined): number[] => Array.from(values ?? [], (value) => value ?? 0)

// A value between gaps has no line to show it, so it gets a dot.
function alone(plot: uPlot, place: number): number[] | null {
  const values = plot.data[place] ?? []
  const known = (index: number): boolean => values[index] !== null && values[index] !== undefined
  const found = Array.from(values, (_, index) => index).filter((index) => known(index) && !known(index - 1) && !known(index + 1))
  return found.length > 0 ? found : null
}

function zoom(plot: uPlot, { onZoom }: Drawing): void {
  if (plot.select.width < 4) return
  const from = plot.posToVal(plot.select.left, 'x')
  const to = plot.posToVal(plot.select.left + plot.select.width, 'x')
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  if (onZoom) onZoom(from, to)
  else setRange({ kind: 'absolute', from: fromMilliseconds(from * 1000), to: fromMilliseconds(to * 1000) })
}
