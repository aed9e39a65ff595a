import { useMemo } from 'preact/hooks'
import type { GraphProps, Threshold } from '../../../promql/Graph'
import type { Mark } from '../../../promql/marks'
import type { GraphSeries } from '../../../promql/series'
import type { Panel } from '../model/document'
import type { PanelData } from './data'
import { lazy } from '../../../components/lazy'
import { cssColour, lookFor } from './shown'

const Graph = lazy<GraphProps>(async () => (await import('../../../promql/Graph')).Graph)

export interface BodyProps {
  panel: Panel
  data: PanelData
  title: string
  height: number
  width: number
  group: string
  markers: readonly Mark[]
}

export function ChartPanel({ panel, data, title, height, group, markers }: BodyProps) {
  const series = useMemo(() => drawnLines(panel, data), [panel, data])
  const thresholds = useMemo(() => drawnThresholds(panel), [panel])
  const legend = panel.legend ?? 'list'
  const room = legend === 'hidden' ? 0 : legend === 'table' ? Math.min(height * 0.42, 32 + series.length * 29) : series.length > 6 ? 50 : 27
  return (
    <div class="dash-chart" style={{ '--legend-room': `${Math.round(room)}px` }}>
      <Graph
        title={title} times={data.times} series={series} total={data.total} height={Math.max(60, Math.round(height - room - 4))} group={group} markers={markers}
        kind={panel.draw ?? 'lines'} stacked={panel.stack !== undefined} legend={legend === 'hidden' ? 'none' : legend} thresholds={thresholds}
        log={panel.log === true} {...unitOf(panel)} {...(panel.fill === undefined ? {} : { fill: panel.fill / 100 })}
        {...(panel.min === undefined ? {} : { min: panel.min })} {...(panel.max === undefined ? {} : { max: panel.max })}
      />
    </div>
  )
}

function unitOf(panel: Panel): { unit?: string; decimals?: number } {
  if (panel.stack === 'percent') return { unit: 'percentunit' }
  return { ...(panel.unit ? { unit: panel.unit } : {}), ...(panel.decimals === undefined ? {} : { decimals: panel.decimals }) }
}

export function drawnLines(panel: Panel, data: Pick<PanelData, 'lines'>): GraphSeries[] {
  const shown = data.lines.flatMap((line): GraphSeries[] => {
    const look = lookFor(panel, { name: line.label, ref: line.ref })
    return look.hidden ? [] : [{ ...line, label: look.name ?? line.label, ...(look.colour ? { colour: look.colour } : {}) }]
  })
  return panel.stack === 'percent' ? shares(shown) : shown
}

// Each value as its part of all at that time.
export function shares(series: readonly GraphSeries[]): GraphSeries[] {
  const length = series[0]?.values.length ?? 0
  const sums = Array.from({ length }, (_, at) => series.reduce((sum, { values }) => sum + Math.abs(values[at] ?? 0), 0))
  return series.map((one) => ({ ...one, values: one.values.map((value, at) => (value === null || sums[at] === 0 ? null : value / (sums[at] ?? 1))) }))
}

function drawnThresholds(panel: Panel): Threshold[] {
  if (!panel.thresholdsShown) return []
  const [min, max] = [panel.min ?? 0, panel.max ?? 100]
  return (panel.thresholds ?? []).flatMap(({ from, colour }) => {
    if (from === null) return []
    return [{ value: panel.thresholdsIn === 'percent' ? min + ((max - min) * from) / 100 : from, colour: cssColour(colour) }]
  })
}
