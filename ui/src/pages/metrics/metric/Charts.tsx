import { useMemo } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { Failed, Skeleton } from '../../../components/Notice'
import { Panel } from '../../../components/Panel'
import { t } from '../../../i18n/translate'
import { marksOf, type ExemplarMark } from '../../../promql/exemplars'
import { Graph } from '../../../promql/Graph'
import { Heatmap } from '../../../promql/Heatmap'
import { cellsOf } from '../../../promql/heatmap'
import { Remarks } from '../../../promql/Remarks'
import { frameOf } from '../../../promql/series'
import { ShowPromql } from '../../../promql/ShowPromql'
import { stepsOf } from '../../../promql/steps'
import type { Steps } from '../../../promql/answer'
import { selector } from '../../../promql/text'
import { useExemplars, useRangeQueries } from '../../../promql/usePromql'
import type { Range } from '../../../time/range'
import { traceLink } from '../traceLink'
import { wordsOf } from '../words'
import { panelsOf, shownOf, type Asked, type Panel as Asking } from '../automatic'
import { ExemplarList } from './ExemplarList'
import type { Described } from './MetricView'

// Sums and counts of observations have no value that an exemplar could stand beside.
const valued: Record<string, string> = { histogram: '_bucket', native: '', counter: '' }

export function Charts({ metric, asked, range }: { metric: Described; asked: Asked; range: Range }) {
  const steps = useMemo(() => stepsOf(range), [range])
  const panels = useMemo(() => panelsOf(metric, asked), [metric, asked])
  const suffix = valued[metric.kind]
  const found = useExemplars(suffix === undefined ? null : selector(metric.name + suffix, asked.matchers), steps)
  const marks = useMemo(() => marksOf(found.data?.data ?? []), [found.data])
  return (
    <>
      {panels.map((panel) => <Drawn key={panel.id} panel={panel} metric={metric} steps={steps} marks={marks} view={shownOf(asked.view, metric.kind === 'summary' ? [] : asked.group)} />)}
      {marks.length > 0 && <ExemplarList metric={metric} marks={marks} />}
    </>
  )
}

interface DrawnProps {
  panel: Asking
  metric: Described
  steps: Steps
  marks: readonly ExemplarMark[]
  view: string
}

const noMarks: readonly ExemplarMark[] = []

function Drawn({ panel, metric, steps, marks, view }: DrawnProps) {
  const [, navigate] = useLocation()
  const expressions = panel.questions.map(({ expression }) => expression)
  const answers = useRangeQueries(expressions, steps)
  const fault = answers.find((answer) => answer.fault)?.fault
  const ready = answers.every(({ data }) => data !== undefined)
  const data = answers.map(({ data: answer }) => answer)
  const frame = useMemo(() => {
    const frames = panel.questions.map(({ label, id }, index) => frameOf(data[index]?.data.result ?? [], steps, { name: label, prefix: `${id} ` }))
    return { times: frames[0]?.times ?? [], series: frames.flatMap(({ series }) => series), total: frames.reduce((sum, { total }) => sum + total, 0) }
  }, [panel, steps, ...data])
  const cells = useMemo(() => (panel.as === 'heatmap' ? cellsOf(data[0]?.data.result ?? [], steps) : null), [panel, steps, data[0]])
  const unit = panel.questions[0]?.unit ?? 'short'
  // An exemplar is a duration or a size; on a chart of how often it has no place.
  const placed = metric.kind !== 'counter' && (panel.as === 'heatmap' || view === 'quantiles' || /^p\d|mean/.test(view)) ? marks : noMarks
  const open = (mark: ExemplarMark) => mark.traceId && navigate(traceLink(mark))
  const title = panel.as === 'heatmap' ? t('metrics.panel.heatmap') : titleOf(metric, view)
  return (
    <Panel title={title} note={<Remarks answers={data} />} tools={<ShowPromql queries={expressions} extra={{ unit }} />}>
      <p class="panel-query mono" title={expressions.join('\n')}>
        <span class="cut">{expressions[0]}</span>
        {expressions.length > 1 && <span class="num">+{expressions.length - 1}</span>}
      </p>
      {fault && <Failed fault={fault} retry={() => answers.forEach(({ refetch }) => refetch())} />}
      {!fault && !ready && <Skeleton height={250} />}
      {!fault && ready && cells && <Heatmap title={`${metric.name}, ${title}`} cells={cells} unit={unit} countUnit="1/s" height={260} exemplars={placed} onExemplar={open} />}
      {!fault && ready && !cells && <Graph title={`${metric.name}, ${title}`} times={frame.times} series={frame.series} total={frame.total} unit={unit} height={250} group="metric" legend={frame.series.length > 1 ? 'table' : 'list'} exemplars={placed} onExemplar={open} />}
    </Panel>
  )
}

const titleOf = ({ unit }: Described, view: string): string => `${wordsOf(view)}${unit && unit !== '1' ? ` · ${unit}` : ''}`
