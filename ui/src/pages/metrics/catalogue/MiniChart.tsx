// What a metric does, at a glance. Only rows in view exist, and only those that stay ask.
import { useEffect, useState } from 'preact/hooks'
import { t } from '../../../i18n/translate'
import { frameOf } from '../../../promql/series'
import { rateSeconds, stepsOf } from '../../../promql/steps'
import { matchersOf } from '../../../promql/text'
import { format } from '../../../promql/units'
import { useRangeQuery } from '../../../promql/usePromql'
import type { Filter } from '../../../sql/filter'
import type { Range } from '../../../time/range'
import { glanceOf } from '../automatic'
import type { Family } from './families'

const [width, height] = [104, 24]
const patience = 180

export function MiniChart({ family, range, filters }: { family: Family; range: Range; filters: readonly Filter[] }) {
  const [stays, setStays] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setStays(true), patience)
    return () => clearTimeout(timer)
  }, [])
  const steps = stepsOf(range, { most: 40 })
  const question = glanceOf(family, matchersOf(filters, family.name), rateSeconds(steps))
  const answer = useRangeQuery(question.expression, steps, { enabled: stays, low: true })
  if (answer.fault) return <span class="quiet" title={answer.fault.message}>{t('metrics.chart.failed')}</span>
  if (!answer.data) return <span class="mini-wait" aria-hidden="true" />
  const values = frameOf(answer.data.data.result, steps, { most: 1 }).series[0]?.values ?? []
  const last = values.filter((value) => value !== null).at(-1) ?? null
  return (
    <span class="mini" title={question.expression}>
      <Line values={values} label={t('metrics.chart.of', { name: family.name })} />
      <span class="num">{question.label === 'p95' && <span class="quiet mini-of">p95</span>} {format(last, question.unit)}</span>
    </span>
  )
}

function Line({ values, label }: { values: readonly (number | null)[]; label: string }) {
  const known = values.filter((value) => value !== null)
  const [low, high] = [Math.min(0, ...known), Math.max(0, ...known)]
  const place = (value: number, index: number): string => {
    const x = (index / Math.max(1, values.length - 1)) * width
    const y = height - 2 - ((value - low) / (high - low || 1)) * (height - 4)
    return `${x.toFixed(1)},${y.toFixed(1)}`
  }
  const runs: string[][] = [[]]
  values.forEach((value, index) => (value === null ? runs.push([]) : runs.at(-1)?.push(place(value, index))))
  return (
    <svg class="mini-line" role="img" aria-label={label} width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
      {runs.filter((run) => run.length > 0).map((run) => (run.length === 1 ? <circle key={run[0]} cx={run[0]?.split(',')[0]} cy={run[0]?.split(',')[1]} r="1.6" /> : <polyline key={run[0]} points={run.join(' ')} />))}
    </svg>
  )
}
