import { useMemo } from 'preact/hooks'
import { Link, useRoute } from 'wouter-preact'
import { Icon } from '../../../components/Icon'
import { Failed, Skeleton } from '../../../components/Notice'
import { ShowQuery } from '../../../components/ShowQuery'
import { t } from '../../../i18n/translate'
import { TopBar } from '../../../shell/TopBar'
import { count, duration } from '../../../time/format'
import { spansQuery } from '../load'
import { useTrace } from '../source'
import type { Trace } from '../trace'
import { rootName } from '../TraceFacts'
import { align, changeOf, type Change, type DiffNode } from './align'
import { ChooseOther } from './ChooseOther'
import { DiffTable } from './DiffTable'
import '../trace.css'
import './diff.css'

export default function DiffPage() {
  const [, params] = useRoute('/trace/:id/diff/:other?')
  const [id, other] = [(params?.id ?? '').toLowerCase(), (params?.other ?? '').toLowerCase()]
  return <Loading key={`${id} ${other}`} id={id} other={other} />
}

function Loading({ id, other }: { id: string; other: string }) {
  const left = useTrace(id)
  const fault = left.fault
  return (
    <>
      <TopBar title={t('trace.diff')} busy={left.fetching}><span class="grow" /></TopBar>
      {fault && <Failed fault={fault} retry={left.refetch} />}
      {!left.data && !fault && <div class="page"><Skeleton height={300} /></div>}
      {left.data && left.data.tree.total === 0 && <Absent id={id} />}
      {left.data && left.data.tree.total > 0 && (other === '' ? <ChooseOther id={id} trace={left.data} /> : <WithOther id={id} other={other} left={left.data} />)}
    </>
  )
}

function Absent({ id }: { id: string }) {
  return (
    <div class="notice">
      <Icon name="trace" size={26} />
      <strong>{t('trace.missing')}</strong>
      <p class="mono">{id}</p>
    </div>
  )
}

function WithOther({ id, other, left }: { id: string; other: string; left: Trace }) {
  const right = useTrace(other)
  if (right.fault) return <Failed fault={right.fault} retry={right.refetch} />
  if (!right.data) return <div class="page"><Skeleton height={300} /></div>
  if (right.data.tree.total === 0) return <Absent id={other} />
  return <Comparison id={id} other={other} left={left} right={right.data} />
}

function Comparison({ id, other, left, right }: { id: string; other: string; left: Trace; right: Trace }) {
  const nodes = useMemo(() => align(left, right), [left, right])
  const extent = Math.max(left.tree.extent, right.tree.extent)
  const changes = useMemo(() => nodes.map((node) => changeOf(node, extent)), [nodes, extent])
  return (
    <div class="page fixed trace-diff">
      <div class="diff-sides">
        <SideFacts letter="A" id={id} trace={left} />
        <SideFacts letter="B" id={other} trace={right} against={left} />
        <div class="row wrap">
          <Link class="button small" href={`/trace/${other}/diff/${id}`}><Icon name="refresh" size={13} /> {t('trace.diff.swap')}</Link>
          <Link class="button small plain" href={`/trace/${id}/diff`}>{t('trace.diff.other')}</Link>
        </div>
      </div>
      <Summary nodes={nodes} changes={changes} />
      <DiffTable nodes={nodes} changes={changes} extent={extent} ids={[id, other]} traces={[left, right]} />
    </div>
  )
}

function SideFacts({ letter, id, trace, against }: { letter: string; id: string; trace: Trace; against?: Trace }) {
  const { tree } = trace
  const delta = against ? tree.extent - against.tree.extent : 0
  return (
    <section class="panel diff-side">
      <b class="diff-letter">{letter}</b>
      <div>
        <Link href={`/trace/${id}`}>{rootName(tree)}</Link> <span class="mono quiet">{id}</span>
        <p class="num">
          {duration(tree.extent)} {against && <b>({delta >= 0 ? '+' : '−'}{duration(Math.abs(delta))})</b>} · {t('trace.diff.spans', { n: tree.spanCount })} · {t('trace.errors', { n: tree.errorCount })}
        </p>
      </div>
      <span class="push"><ShowQuery query={spansQuery(id)} /></span>
    </section>
  )
}

const told: readonly Change[] = ['added', 'removed', 'count', 'slower', 'faster', 'same']

function Summary({ nodes, changes }: { nodes: readonly DiffNode[]; changes: readonly Change[] }) {
  return (
    <p class="row wrap diff-summary" role="status">
      {told.map((change) => (
        <span key={change} class={`tag diff-${change}`}>
          {t(`trace.diff.change.${change}`)} <b class="num">{count(changes.filter((one) => one === change).length)}</b>
        </span>
      ))}
      <span class="quiet">{t('trace.diff.note', { n: nodes.length })}</span>
    </p>
  )
}
