import { useMemo } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { Icon } from '../../components/Icon'
import { Gate } from '../../components/Notice'
import { Panel } from '../../components/Panel'
import { ShowQuery } from '../../components/ShowQuery'
import { SortTable, useOrder } from '../../components/SortTable'
import { t } from '../../i18n/translate'
import { linkTo, useFilters } from '../../url/state'
import { edgeColumns } from '../map/edgeColumns'
import { readGraph } from '../map/graph'
import { withEnds } from '../map/ends'
import { useEdges } from '../map/useEdges'
import type { ServiceScope } from './scope'

export function Dependencies({ scope }: { scope: ServiceScope }) {
  return (
    <div class="stack">
      <p class="quiet">{t('service.hop.note')}</p>
      <Side scope={scope} side="up" />
      <Side scope={scope} side="down" />
      <p><Link class="button small" href={linkTo('/map', { focus: scope.name })}><Icon name="map" size={13} /> {t('service.seeOnMap')}</Link></p>
    </div>
  )
}

function Side({ scope, side }: { scope: ServiceScope; side: 'up' | 'down' }) {
  const filters = useFilters()
  const edges = useEdges({ range: scope.range, filters }, side, scope.name)
  const graph = useMemo(() => withEnds(readGraph([], edges.data ?? []), edges.ends), [edges.data, edges.ends])
  const nodes = useMemo(() => new Map(graph.nodes.map((node) => [node.id, node])), [graph])
  const [order, setOrder] = useOrder(side, '-calls')
  const title = t(side === 'up' ? 'service.upstream' : 'service.downstream')
  return (
    <Panel title={title} note={t(side === 'up' ? 'service.upstream.note' : 'service.downstream.note')} tools={<ShowQuery query={edges.query} />} flush>
      <Gate of={edges} height={120}>
        {() =>
          graph.edges.length === 0 ? <p class="quiet pad">{t(side === 'up' ? 'service.upstream.none' : 'service.downstream.none')}</p> : (
            <SortTable label={title} keys={side === 'down'} rows={graph.edges} columns={edgeColumns(nodes, scope.seconds, side === 'up' ? 'from' : 'to')} keyOf={({ id }) => id} order={order} onOrder={setOrder} />
          )}
      </Gate>
    </Panel>
  )
}
