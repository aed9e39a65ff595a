// Small multiples: one chart per value of a label, all on one scale.
import { useMemo, useState } from 'preact/hooks'
import { useSchema } from '../../../api/query'
import { Failed, Skeleton } from '../../../components/Notice'
import { Value } from '../../../components/Value'
import { t } from '../../../i18n/translate'
import { Graph } from '../../../promql/Graph'
import { Remarks } from '../../../promql/Remarks'
import { frameOf, reduced, type GraphSeries } from '../../../promql/series'
import { ShowPromql } from '../../../promql/ShowPromql'
import { stepsOf } from '../../../promql/steps'
import { filterKeyOf, filterValueOf } from '../../../promql/text'
import { format } from '../../../promql/units'
import { useRangeQuery } from '../../../promql/usePromql'
import type { Range } from '../../../time/range'
import { useParam } from '../../../url/state'
import { panelsOf, shownOf, type Asked } from '../automatic'
import { wordsOf } from '../words'
import { dividing, type LabelStats } from '../labels'
import type { Described } from './MetricView'

interface BreakdownProps {
  metric: Described
  asked: Asked
  range: Range
  labels: readonly LabelStats[]
}

const firstMost = 24
const most = 96

export function Breakdown({ metric, asked, range, labels }: BreakdownProps) {
  const [split, setSplit] = useParam('split')
  // A label with a handful of values says more at once than one with hundreds.
  const offered = dividing(labels)
  const chosen = split || (offered.find(({ values }) => values.length <= firstMost) ?? offered[0])?.label || ''
  if (offered.length === 0 && split === '') return <p class="notice">{t('metrics.breakdown.none')}</p>
  return (
    <>
      <div class="group-by" role="group" aria-label={t('metrics.breakdown.by')}>
        <span class="quiet">{t('metrics.breakdown.by')}</span>
        {offered.map(({ label, values }) => (
          <button key={label} class="button small" aria-pressed={label === chosen} onClick={() => setSplit(label)}>
            <span class="mono">{label}</span> <span class="quiet num">{values.length}</span>
          </button>
        ))}
      </div>
      <Multiples metric={metric} asked={asked} range={range} label={chosen} />
    </>
  )
}

function Multiples({ metric, asked, range, label }: { metric: Described; asked: Asked; range: Range; label: string }) {
  const schema = useSchema()
  const field = useMemo(() => filterKeyOf(label, metric.name, (schema.data?.attribute_keys ?? []).map(({ key }) => key)), [label, metric.name, schema.data])
  const [more, setMore] = useState(false)
  const [scale, setScale] = useParam('scale', 'one')
  const steps = useMemo(() => stepsOf(range, { most: 120 }), [range])
  const question = useMemo(() => panelsOf(metric, { ...asked, group: [label] }).find(({ as }) => as === 'lines')?.questions[0], [metric, asked, label])
  const answer = useRangeQuery(question?.expression ?? null, steps)
  const frame = useMemo(() => {
    const found = frameOf(answer.data?.data.result ?? [], steps, { most, keep: 'max' })
    return { ...found, series: [...found.series].sort((left, right) => reduced(right.values, 'mean') - reduced(left.values, 'mean')) }
  }, [answer.data, steps])
  const top = useMemo(() => Math.max(0, ...frame.series.map(({ values }) => reduced(values, 'max'))) * 1.06 || 1, [frame])
  const alone = useMemo(() => frame.series.map((one): GraphSeries[] => [one]), [frame])
  if (answer.fault) return <Failed fault={answer.fault} retry={answer.refetch} />
  if (!answer.data || !question || (!schema.data && !schema.fault)) return <Skeleton height={260} />
  const shown = more ? alone : alone.slice(0, firstMost)
  return (
    <>
      <div class="row wrap">
        <span>{wordsOf(shownOf(asked.view, metric.kind === 'summary' ? [] : [label]))}</span>
        <span class="quiet">{frame.total > most ? t('graph.cut', { n: most, total: frame.total }) : t('graph.series', { n: frame.total })}</span>
        <Remarks answers={[answer.data]} />
        <span class="push" />
        <button class="button small" aria-pressed={scale !== 'own'} onClick={() => setScale(scale === 'own' ? 'one' : 'own')}>{t('metrics.breakdown.scale')}</button>
        <ShowPromql queries={[question.expression]} extra={{ unit: question.unit }} />
      </div>
      <div class="multiples">
        {shown.map((series) => <Multiple key={series[0]?.id} metric={metric.name} field={field} label={label} series={series} times={frame.times} unit={question.unit} top={scale === 'own' ? null : top} />)}
      </div>
      {!more && alone.length > firstMost && <button class="button" onClick={() => setMore(true)}>{t('metrics.breakdown.more', { n: alone.length - firstMost })}</button>}
    </>
  )
}

interface MultipleProps {
  metric: string
  field: string // of the filter model
  label: string
  series: readonly GraphSeries[]
  times: readonly number[]
  unit: string
  top: number | null
}

function Multiple({ metric, field, label, series, times, unit, top }: MultipleProps) {
  const value = series[0]?.labels[label] ?? ''
  const last = series[0]?.values.filter((one) => one !== null).at(-1)
  return (
    <section class="panel multiple">
      <header>
        <h3 class="cut">{value === '' ? <span class="quiet">{t('metrics.breakdown.without', { label })}</span> : <Value field={field} value={filterValueOf(label, metric, value)} class="mono">{value}</Value>}</h3>
        <span class="num">{format(last, unit)}</span>
      </header>
      <Graph title={`${label} ${value}`} times={times} series={series} unit={unit} height={110} {...(top === null ? {} : { max: top })} group="multiples" legend="none" />
    </section>
  )
}
