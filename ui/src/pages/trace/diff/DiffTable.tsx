import { useMemo, useRef } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { ServiceDot } from '../../../components/Service'
import { Segmented } from '../../../components/Tabs'
import { useVirtual } from '../../../components/virtual'
import { t } from '../../../i18n/translate'
import { count, duration, percent } from '../../../time/format'
import { linkTo, useParam } from '../../../url/state'
import { spanKey } from '../selection'
import type { Trace } from '../trace'
import type { Change, DiffNode, Side } from './align'

interface DiffTableProps {
  nodes: readonly DiffNode[]
  changes: readonly Change[]
  extent: number
  ids: readonly [string, string]
  traces: readonly [Trace, Trace]
}

export function DiffTable({ nodes, changes, extent, ids, traces }: DiffTableProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const [order, setOrder] = useParam('order', 'tree')
  const [only, setOnly] = useParam('only')
  const shown = useMemo(() => {
    const all = nodes.map((_, at) => at).filter((at) => only === '' || changes[at] !== 'same')
    const delta = (at: number) => Math.abs((nodes[at] as DiffNode).right.total - (nodes[at] as DiffNode).left.total)
    return order === 'size' ? all.sort((left, right) => delta(right) - delta(left)) : all
  }, [nodes, changes, order, only])
  const virtual = useVirtual({ count: shown.length, scroller, estimate: 34, overscan: 6 })
  return (
    <section class="panel diff-panel">
      <header>
        <Segmented label={t('trace.diff.order')} selected={order} onSelect={setOrder} items={[{ id: 'tree', label: t('trace.diff.order.tree') }, { id: 'size', label: t('trace.diff.order.size') }]} />
        <button class="button small" aria-pressed={only !== ''} onClick={() => setOnly(only === '' ? '1' : '')}>{t('trace.diff.only')}</button>
      </header>
      {shown.length === 0 && <p class="notice">{t('trace.diff.same')}</p>}
      {shown.length > 0 && (
        <div class="diff-table" role="table" aria-label={t('trace.diff')} aria-rowcount={shown.length + 1}>
          <div class="diff-line head" role="row">
            {(['operation', 'change', 'a', 'b', 'delta', 'bars'] as const).map((id) => <span role="columnheader" key={id}>{t(`trace.diff.head.${id}`)}</span>)}
          </div>
          <div class="diff-scroll" ref={scroller} tabIndex={0} role="rowgroup">
            <div style={{ height: `${virtual.getTotalSize()}px` }} role="presentation">
              {virtual.getVirtualItems().map((item) => {
                const at = shown[item.index] as number
                return <DiffLine key={at} node={nodes[at] as DiffNode} change={changes[at] as Change} extent={extent} ids={ids} traces={traces} top={item.start} index={item.index} indent={order === 'tree'} />
              })}
            </div>
          </div>
        </div>
      )}
    </section>
  )
}

interface LineProps extends Omit<DiffTableProps, 'nodes' | 'changes'> {
  node: DiffNode
  change: Change
  top: number
  index: number
  indent: boolean
}

function DiffLine({ node, change, extent, ids, traces, top, index, indent }: LineProps) {
  const { left, right } = node
  const delta = right.total - left.total
  return (
    <div class="diff-line" role="row" aria-rowindex={index + 2} style={{ transform: `translateY(${top}px)` }}>
      <span role="cell" class="row diff-name" style={{ paddingLeft: `${indent ? Math.min(node.depth * 12, 180) : 0}px` }} title={`${node.service} · ${node.name}`}>
        <span class="service"><ServiceDot name={node.service} /></span>
        <span class="cut"><b>{node.service}</b> {node.name || t('trace.placeholder')}</span>
      </span>
      <span role="cell"><span class={`tag diff-${change}`}>{t(`trace.diff.change.${change}`)}</span></span>
      <SideCell side={left} id={ids[0]} trace={traces[0]} />
      <SideCell side={right} id={ids[1]} trace={traces[1]} />
      <span role="cell" class="num right">
        {delta === 0 ? '–' : `${delta > 0 ? '+' : '−'}${duration(Math.abs(delta))}`}
        {left.total > 0 && right.total > 0 && delta !== 0 && <small class="quiet"> {percent(Math.abs(delta) / left.total)}</small>}
      </span>
      <span role="cell" class="diff-bars" aria-hidden="true">
        {left.count > 0 && <i style={{ width: `${(left.total / extent) * 100}%` }} />}
        {right.count > 0 && <i class="b" style={{ width: `${(right.total / extent) * 100}%` }} />}
      </span>
    </div>
  )
}

function SideCell({ side, id, trace }: { side: Side; id: string; trace: Trace }) {
  if (side.count === 0) return <span role="cell" class="num right quiet">–</span>
  return (
    <span role="cell" class="num right">
      {side.count > 1 && <small class="quiet">×{count(side.count)} </small>}
      <Link href={linkTo(`/trace/${id}`, { span: spanKey(trace.tree, side.row) })} title={t('trace.list.openLongest')}>{duration(side.total)}</Link>
    </span>
  )
}
