// A query as a tree: what each part of it yields, and how long that takes.
import { useMemo, useState } from 'preact/hooks'
import { useLoad } from '../../../api/query'
import { Icon } from '../../../components/Icon'
import { Failed, Skeleton } from '../../../components/Notice'
import { t } from '../../../i18n/translate'
import type { TreeNode } from '../../../promql/answer'
import { parseQuery, query } from '../../../promql/client'
import { countOf, rowsOf } from '../../../promql/series'
import { format } from '../../../promql/units'
import { count } from '../../../time/format'
import { labelStats } from '../labels'
import { canBeAsked, childrenOf, headOf, textOf } from './treeText'

export function Tree({ expression, time, onUse }: { expression: string; time: number; onUse: (text: string) => void }) {
  const parsed = useLoad(['promql', 'tree', expression], async (signal) => (await parseQuery(expression, { signal })).data, { enabled: expression.trim() !== '' })
  const [all, setAll] = useState(false)
  if (parsed.fault) return parsed.fault.kind === 'parse' ? null : <Failed fault={parsed.fault} retry={parsed.refetch} />
  if (!parsed.data) return expression.trim() === '' ? null : <Skeleton height={80} />
  return (
    <div class="query-tree" role="group" aria-label={t('metrics.tree')}>
      <div class="row">
        <span class="quiet">{t('metrics.tree.hint')}</span>
        <button class="button small push" disabled={all} onClick={() => setAll(true)}>{t('metrics.tree.measureAll')}</button>
      </div>
      <ul>
        <Node node={parsed.data} time={time} all={all} onUse={onUse} root />
      </ul>
    </div>
  )
}

interface NodeProps {
  node: TreeNode
  time: number
  all: boolean
  onUse: (text: string) => void
  root?: boolean
}

function Node({ node, time, all, onUse, root = false }: NodeProps) {
  const [measured, setMeasured] = useState(false)
  const children = childrenOf(node)
  const text = useMemo(() => textOf(node), [node])
  const asks = canBeAsked(node)
  return (
    <li>
      <div class="tree-node">
        <code>{headOf(node)}</code>
        {asks && (measured || all ? <Measure text={text} time={time} /> : <button class="button small plain" onClick={() => setMeasured(true)} aria-label={t('metrics.tree.measureOf', { query: text })}>{t('metrics.tree.measure')}</button>)}
        {asks && !root && node.type !== 'matrixSelector' && (
          <button class="button small plain icon" onClick={() => onUse(text)} title={t('metrics.tree.use')} aria-label={`${t('metrics.tree.use')}: ${text}`}>
            <Icon name="plus" size={12} />
          </button>
        )}
      </div>
      {children.length > 0 && (
        <ul>
          {children.map((part, index) => <Node key={`${index} ${part.type}`} node={part} time={time} all={all} onUse={onUse} />)}
        </ul>
      )}
    </li>
  )
}

const labelsMost = 6

function Measure({ text, time }: { text: string; time: number }) {
  const answer = useLoad(['promql', 'measure', text, time], (signal) => query(text, time, { stats: true, signal }))
  const labels = useMemo(() => (answer.data ? labelStats(rowsOf(answer.data.data).map((row) => row.labels)) : []), [answer.data])
  if (answer.fault) return <span class="error-text">{answer.fault.message}</span>
  if (!answer.data) return <span class="quiet">{t('shell.loading')}</span>
  const { data } = answer.data
  const scalar = data.resultType === 'scalar' ? rowsOf(data)[0]?.value : null
  return (
    <span class="tree-measure">
      <span class="tag num">{scalar === null || scalar === undefined ? t('graph.series', { n: countOf(data) }) : format(scalar, 'none')}</span>
      {data.stats && <span class="quiet num">{format(data.stats.timings.evalTotalTime, 's')} · {t('metrics.samples', { n: data.stats.samples.totalQueryableSamples })}</span>}
      <span class="quiet mono tree-labels">{labels.slice(0, labelsMost).map(({ label, values }) => (values.length === 1 ? `${label}=${(values[0]?.value ?? '').slice(0, 24)}` : `${label}:${count(values.length)}`)).join('  ')}{labels.length > labelsMost ? ' …' : ''}</span>
    </span>
  )
}
