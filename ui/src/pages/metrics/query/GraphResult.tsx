// What the queries yield over time, all in one graph.
import { useMemo } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import type { Loaded } from '../../../api/query'
import { Skeleton } from '../../../components/Notice'
import { t } from '../../../i18n/translate'
import type { Answer, RangeData, Steps } from '../../../promql/answer'
import { marksOf, type ExemplarMark } from '../../../promql/exemplars'
import { Graph } from '../../../promql/Graph'
import { frameOf, type Keep } from '../../../promql/series'
import { traceLink } from '../traceLink'
import { useExemplars } from '../../../promql/usePromql'
import type { Written } from './queries'

export interface Look {
  unit: string
  most: number
  keep: Keep
  stacked: boolean
  log: boolean
  exemplars: boolean
}

interface GraphResultProps {
  queries: readonly Written[]
  answers: readonly Loaded<Answer<RangeData>>[]
  steps: Steps
  look: Look
}

export function GraphResult({ queries, answers, steps, look }: GraphResultProps) {
  const [, navigate] = useLocation()
  const data = answers.map((answer, index) => (queries[index]?.off || answer.fault ? undefined : answer.data))
  const several = queries.filter(({ off, text }) => !off && text.trim() !== '').length > 1
  const frame = useMemo(() => {
    const frames = queries.flatMap(({ ref, text, legend }, index) => {
      const answer = data[index]
      if (!answer) return []
      const found = frameOf(answer.data.result, steps, { name: text, ...(legend ? { legend } : {}), most: look.most, keep: look.keep, prefix: `${ref} ` })
      return [several ? { ...found, series: found.series.map((one) => ({ ...one, label: `${ref}: ${one.label}` })) } : found]
    })
    return { times: frames[0]?.times ?? [], series: frames.flatMap(({ series }) => series), total: frames.reduce((sum, { total }) => sum + total, 0) }
  }, [queries, steps, look, several, ...data])
  const first = queries.find(({ off, text }) => !off && text.trim() !== '')
  const found = useExemplars(look.exemplars ? (first?.text ?? null) : null, steps)
  const marks = useMemo(() => (look.exemplars ? marksOf(found.data?.data ?? []) : []), [found.data, look.exemplars])
  const open = (mark: ExemplarMark) => mark.traceId && navigate(traceLink(mark))
  if (data.every((answer) => !answer) && answers.some(({ loading }) => loading)) return <Skeleton height={340} />
  return (
    <Graph
      title={t('metrics.result')} times={frame.times} series={frame.series} total={frame.total} unit={look.unit} height={340}
      stacked={look.stacked} log={look.log} legend={frame.series.length > 1 ? 'table' : 'list'} group="query" exemplars={marks} onExemplar={open}
    />
  )
}
