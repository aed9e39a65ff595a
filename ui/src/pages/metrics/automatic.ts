// The questions one asks of a metric by its kind: how often, how much, how long.
import { by, promDuration, selector, type Matcher } from '../../promql/text'
import { perSecond, unitOfMetric } from '../../promql/unitText'

export const kinds = ['counter', 'gauge', 'histogram', 'native', 'summary', 'info'] as const
export type Kind = (typeof kinds)[number]

export interface Metric {
  name: string // of the family: without `_bucket`, `_sum`, `_count`
  kind: Kind
  unit: string // as it was sent
}

// What a metric is, by what is said of it and which series there are, or else by its name.
export function kindOf(name: string, type: string | undefined, present: ReadonlySet<string>): Kind {
  if (type === 'histogram') return present.has(`${name}_bucket`) || !present.has(name) ? 'histogram' : 'native'
  if (type === 'summary') return 'summary'
  if (/_info$/.test(name) && type !== 'counter') return 'info'
  if (type === 'counter') return 'counter'
  if (type === 'gauge') return 'gauge'
  if (present.has(`${name}_bucket`)) return 'histogram'
  return /_(?:total|count|sum|bucket)$/.test(name) ? 'counter' : 'gauge'
}

export interface Asked {
  matchers: readonly Matcher[]
  group: readonly string[]
  window: number // of rates, in seconds
  view: string // one of `viewsOf`, else the first
}

export interface Question {
  id: string
  expression: string
  label: string // of a series without labels
  unit: string
}

export interface Panel {
  id: 'main' | 'heatmap' | 'rate'
  as: 'lines' | 'heatmap'
  questions: readonly Question[]
}

const statistics = ['avg', 'min', 'max', 'sum', 'count'] as const
const quantiles: Record<string, number> = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 }

// What can be seen of a metric; the first is what is shown unasked.
export function viewsOf(kind: Kind): readonly string[] {
  switch (kind) {
    case 'counter':
      return ['rate', 'increase', 'value']
    case 'gauge':
      return ['range', ...statistics]
    case 'histogram':
    case 'native':
      return ['quantiles', ...Object.keys(quantiles), 'mean', 'rate']
    case 'summary':
      return ['quantiles', 'mean', 'rate']
    case 'info':
      return ['count']
  }
}

export const viewOf = (kind: Kind, asked: string): string => (viewsOf(kind).includes(asked) ? asked : (viewsOf(kind)[0] ?? ''))

// What a chart is headed by: of groups one statistic is shown, where of a whole there are three.
export function shownOf(view: string, group: readonly string[]): string {
  if (group.length === 0) return view
  return view === 'range' ? 'avg' : view === 'quantiles' ? 'p95' : view
}

export function panelsOf(metric: Metric, asked: Asked): Panel[] {
  const view = viewOf(metric.kind, asked.view)
  const main: Panel = { id: 'main', as: 'lines', questions: questionsOf(metric, { ...asked, view }) }
  if (metric.kind !== 'histogram' && metric.kind !== 'native') return [main]
  const heatmap: Panel = { id: 'heatmap', as: 'heatmap', questions: [{ id: 'heatmap', expression: heatmapOf(metric, asked), label: metric.name, unit: unitOf(metric) }] }
  return view === 'rate' || asked.group.length > 0 ? [main, heatmap] : [heatmap, main]
}

export const unitOf = ({ name, unit, kind }: Metric): string => unitOfMetric(name, unit, kind)

function questionsOf(metric: Metric, asked: Asked): Question[] {
  const { name, kind } = metric
  const { matchers, group, view } = asked
  const window = `[${promDuration(asked.window)}]`
  const unit = unitOf(metric)
  const one = (expression: string, questionUnit = unit, label = view): Question => ({ id: label, expression, label, unit: questionUnit })
  const series = (suffix = '') => selector(name + suffix, matchers)
  switch (kind) {
    case 'counter':
      if (view === 'value') return [one(`sum${by(group)} (${series()})`)]
      if (view === 'increase') return [one(`sum${by(group)} (increase(${series()}${window}))`)]
      return [one(`sum${by(group)} (rate(${series()}${window}))`, perSecond(unit))]
    case 'gauge':
      // Of many groups three lines each would be too many.
      if (view === 'range') return (group.length === 0 ? ['avg', 'min', 'max'] : ['avg']).map((statistic) => one(`${statistic}${by(group)} (${series()})`, unit, statistic))
      return [one(`${view}${by(group)} (${series()})`, view === 'count' ? 'short' : unit)]
    case 'histogram':
    case 'native':
      return histogramQuestions(metric, asked, one)
    case 'summary': {
      if (view === 'mean') return [one(meanOf(metric, asked))]
      if (view === 'rate') return [one(`sum${by(group)} (rate(${series('_count')}${window}))`, '1/s')]
      return [one(`avg${by(['quantile', ...group])} (${selector(name, [...matchers, { label: 'quantile', op: '!=', value: '' }])})`)]
    }
    case 'info':
      return [one(`count${by(group)} (${series()})`, 'short')]
  }
}

function histogramQuestions(metric: Metric, asked: Asked, one: (expression: string, unit?: string, label?: string) => Question): Question[] {
  const { view, group } = asked
  if (view === 'mean') return [one(meanOf(metric, asked))]
  if (view === 'rate') return [one(rateOf(metric, asked), '1/s')]
  const quantile = (label: string): Question => one(`histogram_quantile(${quantiles[label]}, ${bucketsBy(metric, asked, group)})`, undefined, label)
  if (view !== 'quantiles') return [quantile(view)]
  return (group.length === 0 ? ['p50', 'p95', 'p99'] : ['p95']).map(quantile)
}

// Rates of buckets, by labels; native histograms are buckets all in one.
function bucketsBy({ name, kind }: Metric, { matchers, window }: Asked, group: readonly string[]): string {
  const range = `[${promDuration(window)}]`
  if (kind === 'native') return `sum${by(group)} (rate(${selector(name, matchers)}${range}))`
  return `sum${by(['le', ...group])} (rate(${selector(`${name}_bucket`, matchers)}${range}))`
}

const heatmapOf = (metric: Metric, asked: Asked): string => bucketsBy(metric, asked, [])

function rateOf({ name, kind }: Metric, { matchers, group, window }: Asked): string {
  const range = `[${promDuration(window)}]`
  if (kind === 'native') return `histogram_count(sum${by(group)} (rate(${selector(name, matchers)}${range})))`
  return `sum${by(group)} (rate(${selector(`${name}_count`, matchers)}${range}))`
}

function meanOf({ name, kind }: Metric, { matchers, group, window }: Asked): string {
  const range = `[${promDuration(window)}]`
  if (kind === 'native') return `histogram_avg(sum${by(group)} (rate(${selector(name, matchers)}${range})))`
  const rate = (suffix: string) => `sum${by(group)} (rate(${selector(name + suffix, matchers)}${range}))`
  return `${rate('_sum')} / ${rate('_count')}`
}

// One line that says whether something happens: for rows of a list.
export function glanceOf(metric: Metric, matchers: readonly Matcher[], window: number): Question {
  const asked: Asked = { matchers, group: [], window, view: '' }
  if (metric.kind === 'gauge') return questionsOf(metric, { ...asked, view: 'avg' })[0] as Question
  if (metric.kind === 'histogram' || metric.kind === 'native') return histogramGlance(metric, asked)
  if (metric.kind === 'summary') return questionsOf(metric, { ...asked, view: 'rate' })[0] as Question
  return questionsOf(metric, { ...asked, view: viewOf(metric.kind, '') })[0] as Question
}

const histogramGlance = (metric: Metric, asked: Asked): Question => ({ id: 'p95', expression: `histogram_quantile(0.95, ${bucketsBy(metric, asked, [])})`, label: 'p95', unit: unitOf(metric) })

// The series that stand for all of a metric, where one of its parts is enough.
export const partOf = ({ name, kind }: Pick<Metric, 'name' | 'kind'>): string => (kind === 'histogram' ? `${name}_count` : name)
