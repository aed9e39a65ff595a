import { Link } from 'wouter-preact'
import type { Column } from '../../components/SortTable'
import { Icon } from '../../components/Icon'
import { Value } from '../../components/Value'
import { t } from '../../i18n/translate'
import { count, duration, pace, percent } from '../../time/format'
import { linkTo } from '../../url/state'
import { ServiceLink } from '../services/ServiceLink'
import type { MapEdge, MapNode } from './graph'

type Ends = Map<string, MapNode>

export function NodeName({ node }: { node: MapNode | undefined }) {
  if (!node) return <>–</>
  if (node.kind === 'service') return <ServiceLink name={node.name} />
  const filter = node.filters.at(-1)
  const label = node.kind === 'outside' ? t('map.outside') : node.label
  return (
    <span class="service-link">
      <Icon name={iconOf(node)} size={13} />
      {filter ? <Value field={filter.key} value={filter.value} class="cut">{label}</Value> : <span class="cut">{label}</span>}
      <span class="quiet extra">{node.system && node.system !== node.label ? node.system : ''}</span>
    </span>
  )
}

export function iconOf({ kind }: MapNode) {
  return kind === 'database' ? 'database' : kind === 'queue' ? 'queue' : kind === 'group' ? 'table' : kind === 'outside' ? 'home' : 'link'
}

const time = (nanoseconds: number | null) => (nanoseconds === null ? <span class="quiet">–</span> : <>{duration(nanoseconds)}</>)

// The twin of the drawing; the service page shows the side it needs.
export function edgeColumns(nodes: Ends, seconds: number, sides: 'both' | 'from' | 'to'): Column<MapEdge>[] {
  const end = (id: 'from' | 'to'): Column<MapEdge> => ({
    id, label: t(`map.${id}`), track: 'minmax(130px, 2fr)', phone: 'minmax(0, 1fr)',
    by: (edge) => nodes.get(edge[id])?.label ?? '', cell: (edge) => <NodeName node={nodes.get(edge[id])} />,
  })
  return [
    ...(sides === 'to' ? [] : [end('from')]),
    ...(sides === 'from' ? [] : [end('to')]),
    { id: 'calls', label: t('map.calls'), track: 'minmax(76px, 1fr)', right: true, by: ({ calls }) => calls, cell: ({ calls }) => <span title={count(calls)}>{pace(calls, seconds)}</span> },
    { id: 'errors', label: t('red.errorRate'), track: 'minmax(96px, 1fr)', phone: '66px', right: true, by: ({ calls, failed }) => failed / calls, cell: (edge) => <EdgeErrors edge={edge} /> },
    { id: 'p50', wide: true, label: 'p50', track: 'minmax(66px, 0.8fr)', right: true, by: ({ p50 }) => p50, cell: ({ p50 }) => time(p50) },
    { id: 'p95', label: 'p95', track: 'minmax(66px, 0.8fr)', phone: '62px', right: true, by: ({ p95 }) => p95, cell: ({ p95 }) => <b>{time(p95)}</b> },
    { id: 'p99', wide: true, label: 'p99', track: 'minmax(66px, 0.8fr)', right: true, by: ({ p99 }) => p99, cell: ({ p99 }) => time(p99) },
    { id: 'hop', label: t('map.hop'), hint: t('map.hop.hint'), track: 'minmax(96px, 1fr)', right: true, by: ({ hopP95 }) => hopP95, cell: ({ hopP50, hopP95 }) => (hopP95 === null ? <span class="quiet">–</span> : <>{duration(hopP50 ?? 0)} / {duration(hopP95)}</>) },
    { id: 'trace', label: t('nav.trace'), track: '62px', right: true, cell: ({ traceId }) => traceId && <Link href={linkTo(`/trace/${traceId}`)} title={t('map.worstTrace')}>{t('red.open')}</Link> },
  ]
}

export function EdgeErrors({ edge: { calls, failed } }: { edge: MapEdge }) {
  if (failed === 0) return <span class="quiet">{percent(0)}</span>
  return (
    <span class="tag error" title={t('red.errors.hint', { n: failed })}>
      <Icon name="error" size={12} label={t('trace.error')} /> {percent(failed / calls)}
    </span>
  )
}
