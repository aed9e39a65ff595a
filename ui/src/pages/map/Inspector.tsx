import { Link } from 'wouter-preact'
import { Icon } from '../../components/Icon'
import { t } from '../../i18n/translate'
import { count, duration, pace, percent } from '../../time/format'
import { linkTo, withFilters } from '../../url/state'
import { NodeName } from './edgeColumns'
import type { Graph, MapEdge, MapNode } from './graph'
import { nodeAddress } from './NodeBox'
import { isDense } from './useLayout'

export interface Selected {
  kind: 'node' | 'edge'
  id: string
}

interface InspectorProps {
  graph: Graph
  selected: Selected | null
  seconds: number
  pins: readonly string[]
  onFocus: (node: MapNode) => void
  onPin: (node: MapNode) => void
  onGroup: (node: MapNode) => void
}

// Tells of what was last pointed at, and stays, so that its buttons can be reached.
export function Inspector(props: InspectorProps) {
  const { graph, selected } = props
  const node = selected?.kind === 'node' ? graph.nodes.find(({ id }) => id === selected.id) : undefined
  const edge = selected?.kind === 'edge' ? graph.edges.find(({ id }) => id === selected.id) : undefined
  if (node) return <NodeFacts {...props} node={node} />
  if (edge) return <EdgeFacts {...props} edge={edge} />
  return (
    <aside class="map-inspector">
      <p class="quiet">{t('map.help')}</p>
      <Legend dense={isDense(graph)} />
    </aside>
  )
}

function Legend({ dense }: { dense: boolean }) {
  return (
    <ul class="map-legend">
      <li><i class="line fine" /> {t('map.legend.fine')}</li>
      <li><i class="line some" /> {t('map.legend.some')}</li>
      <li><i class="line bad" /> {t('map.legend.bad')}</li>
      <li>{t('map.legend.width')}</li>
      <li>{dense ? t('map.legend.dense') : t('map.hop.hint')}</li>
    </ul>
  )
}

function NodeFacts({ node, graph, seconds, pins, onFocus, onPin, onGroup }: InspectorProps & { node: MapNode }) {
  const address = nodeAddress(node)
  const calls = (edges: readonly MapEdge[]): string => pace(edges.reduce((sum, edge) => sum + edge.calls, 0), seconds)
  const incoming = graph.edges.filter(({ to }) => to === node.id)
  const outgoing = graph.edges.filter(({ from }) => from === node.id)
  return (
    <aside class="map-inspector" aria-label={t('map.selected')}>
      <h3><NodeName node={node} /></h3>
      <dl class="num">
        {node.red && node.red.total > 0 && (
          <>
            <Fact name={t('red.rate')} value={pace(node.red.total, seconds)} />
            <Fact name={t('red.errorRate')} value={percent(node.red.failed / node.red.total)} bad={node.red.failed > 0} />
            <Fact name="p50 / p95" value={`${duration(node.red.p50 ?? NaN)} / ${duration(node.red.p95 ?? NaN)}`} />
          </>
        )}
        {node.namespace && <Fact name={t('map.namespace')} value={node.namespace} />}
        <Fact name={t('map.in')} value={`${count(incoming.length)} · ${calls(incoming)}`} />
        <Fact name={t('map.out')} value={`${count(outgoing.length)} · ${calls(outgoing)}`} />
      </dl>
      {node.kind === 'group' && <p class="quiet map-members">{node.members.slice(0, 12).join(', ')}{node.members.length > 12 && ' …'}</p>}
      <div class="row wrap">
        {address && <Link class="button small primary" href={address}>{t(node.kind === 'service' ? 'map.openService' : 'nav.traces')}</Link>}
        {node.kind === 'group' && <button class="button small primary" onClick={() => onGroup(node)}>{t('map.openGroup')}</button>}
        {node.kind !== 'outside' && <button class="button small" onClick={() => onFocus(node)}><Icon name="target" size={13} /> {t('map.focusOn')}</button>}
        <button class="button small" aria-pressed={pins.includes(node.id)} onClick={() => onPin(node)} title={t('map.pin.hint')}><Icon name="pin" size={13} /> {t('map.pin')}</button>
      </div>
    </aside>
  )
}

function EdgeFacts({ edge, graph, seconds }: InspectorProps & { edge: MapEdge }) {
  const from = graph.nodes.find(({ id }) => id === edge.from)
  const to = graph.nodes.find(({ id }) => id === edge.to)
  const times = (...values: readonly (number | null)[]): string => values.map((value) => (value === null ? '–' : duration(value))).join(' / ')
  return (
    <aside class="map-inspector" aria-label={t('map.selected')}>
      <h3><NodeName node={from} /> <Icon name="right" size={12} /> <NodeName node={to} /></h3>
      <dl class="num">
        <Fact name={t('map.calls')} value={`${pace(edge.calls, seconds)} · ${count(edge.calls)}`} />
        <Fact name={t('red.errorRate')} value={`${percent(edge.failed / edge.calls)} · ${count(edge.failed)}`} bad={edge.failed > 0} />
        <Fact name="p50 / p95 / p99" value={times(edge.p50, edge.p95, edge.p99)} />
        <Fact name={`${t('map.hop')} p50 / p95`} value={times(edge.hopP50, edge.hopP95)} />
      </dl>
      {edge.merged > 1 && <p class="quiet">{t('map.merged', { n: edge.merged })}</p>}
      <div class="row wrap">
        {edge.traceId && <Link class="button small primary" href={linkTo(`/trace/${edge.traceId}`)}>{t('map.worstTrace')}</Link>}
        {from?.kind === 'service' && <Link class="button small" href={withFilters('/traces', [...from.filters, ...(to && to.kind !== 'service' ? to.filters : [{ key: 'kind', op: '=' as const, value: 'CLIENT' }])])}>{t('nav.traces')}</Link>}
      </div>
    </aside>
  )
}

function Fact({ name, value, bad = false }: { name: string; value: string; bad?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={bad ? 'error-text' : ''}>{value}</dd>
    </div>
  )
}
