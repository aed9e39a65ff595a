// A chart of PromQL answers: lines, bars or a stack, with a legend that isolates, thresholds, exemplars
// that open traces, a cross-hair that charts of one group share, and a table twin.
import { useMemo, useState } from 'preact/hooks'
import { Icon } from '../components/Icon'
import { t } from '../i18n/translate'
import { fullTime } from '../time/format'
import type { ExemplarMark } from './exemplars'
import { Legend, useShown } from './Legend'
import type { Mark } from './marks'
import { Plot } from './Plot'
import type { GraphSeries } from './series'
import { format } from './units'
import './graph.css'

export interface Threshold {
  value: number
  colour: string // of CSS
  label?: string
  fill?: boolean // what lies above is tinted
}

export interface GraphProps {
  title: string
  times: readonly number[] // seconds since 1970
  series: readonly GraphSeries[]
  total?: number // series of the answer, where not all are drawn
  unit?: string
  decimals?: number
  height?: number
  kind?: 'lines' | 'bars' | 'points'
  stacked?: boolean
  fill?: number // how opaque, from 0 to 1
  width?: number // of lines
  connect?: boolean // over gaps
  log?: boolean
  min?: number
  max?: number
  fit?: boolean // the axis need not start at zero
  thresholds?: readonly Threshold[]
  markers?: readonly Mark[]
  exemplars?: readonly ExemplarMark[]
  onExemplar?: (mark: ExemplarMark) => void
  group?: string // charts of one group share a cross-hair
  legend?: 'list' | 'table' | 'none'
  bare?: boolean // no axes
  onZoom?: (from: number, to: number) => void // seconds since 1970; else the page's range is set
}

export function Graph(props: GraphProps) {
  const { title, times, series, unit, decimals, height = 240, legend = 'list', total = series.length, bare = false, markers = noMarks } = props
  const [asTable, setAsTable] = useState(false)
  const [bold, setBold] = useState<string | null>(null)
  const { hidden, choose } = useShown(series)
  const summary = useMemo(() => [summarise(title, series, unit, decimals), ...(markers.length > 0 ? [summariseMarks(markers)] : [])].join('. '), [title, series, unit, decimals, markers])
  return (
    <figure class="graph">
      <figcaption class="visually-hidden">{summary}</figcaption>
      {asTable ? <Twin {...props} height={height} /> : <Plot {...props} height={height} hidden={hidden} bold={bold} />}
      {!bare && (
        <button class="button small icon plain graph-toggle" aria-pressed={asTable} onClick={() => setAsTable(!asTable)} title={t('chart.table')}>
          <Icon name={asTable ? 'chart' : 'table'} size={13} />
          <span class="visually-hidden">{t('chart.table')}: {title}</span>
        </button>
      )}
      {legend !== 'none' && series.length > 0 && (
        <Legend series={series} as={legend} hidden={hidden} choose={choose} onBold={setBold} unit={unit} decimals={decimals} times={times} />
      )}
      {total > series.length && <p class="graph-cut">{t('graph.cut', { n: series.length, total })}</p>}
    </figure>
  )
}

const noMarks: readonly Mark[] = []

const summariseMarks = (marks: readonly Mark[]): string =>
  [t('graph.marks', { n: marks.length }), ...marks.slice(0, 12).map(({ time, label }) => `${fullTime(time * 1000)} ${label}`)].join('; ')

function summarise(title: string, series: readonly GraphSeries[], unit?: string, decimals?: number): string {
  const write = (value: number) => format(value, unit, decimals)
  const parts = series.slice(0, 12).map(({ label, values }) => {
    const numbers = values.filter((value) => value !== null)
    if (numbers.length === 0) return `${label}: –`
    return t('chart.summary', { label, low: write(Math.min(...numbers)), high: write(Math.max(...numbers)), last: write(numbers.at(-1) ?? 0) })
  })
  return `${title}. ${t('graph.series', { n: series.length })}. ${parts.join('; ')}`
}

const columnsMost = 30

function Twin({ title, times, series, unit, decimals, height = 240 }: GraphProps) {
  const columns = series.slice(0, columnsMost)
  return (
    <div class="chart-table" style={{ height: `${height}px` }} tabIndex={0} role="region" aria-label={title}>
      <table class="grid-table num">
        <thead>
          <tr>
            <th scope="col">{t('chart.time')}</th>
            {columns.map(({ id, label }) => <th scope="col" class="right" key={id}>{label}</th>)}
          </tr>
        </thead>
        <tbody>
          {times.map((time, index) => (
            <tr key={time}>
              <td>{fullTime(time * 1000)}</td>
              {columns.map(({ id, values }) => <td class="right" key={id}>{format(values[index], unit, decimals)}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
