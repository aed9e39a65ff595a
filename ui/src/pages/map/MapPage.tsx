import { useMemo, useState } from 'preact/hooks'
import { toObjects } from '../../api/client'
import { useSql, useStatus } from '../../api/query'
import { Icon } from '../../components/Icon'
import { Failed, NoData, NothingMatches, Skeleton } from '../../components/Notice'
import { ShowQuery } from '../../components/ShowQuery'
import { SortTable, useOrder } from '../../components/SortTable'
import { Segmented } from '../../components/Tabs'
import { t } from '../../i18n/translate'
import { FilterBar } from '../../shell/FilterBar'
import { TopBar } from '../../shell/TopBar'
import { setParams, useFilters, useParam, useParams, useRange } from '../../url/state'
import { edgeColumns } from './edgeColumns'
import { withEnds } from './ends'
import { readGraph, type Graph, type MapNode } from './graph'
import { Inspector, type Selected } from './Inspector'
import { edgesLimit, nodesLimit, nodesQuery } from './queries'
import { Surface } from './Surface'
import { useEdges } from './useEdges'
import { useLayout } from './useLayout'
import { visible, type Clustering, type Shown, type View } from './visible'
import '../services/services.css'
import './map.css'

export default function MapPage() {
  const { range } = useRange()
  const filters = useFilters()
  const edges = useEdges({ range, filters })
  const nodes = useSql(nodesQuery({ range, filters }).text, { limit: nodesLimit })
  const plain = useMemo(() => (nodes.data && edges.data ? readGraph(toObjects(nodes.data), edges.data) : null), [nodes.data, edges.data])
  const whole = useMemo(() => (plain ? withEnds(plain, edges.ends) : null), [plain, edges.ends])
  const view = useView()
  const shown = useMemo(() => (whole ? visible(whole, view) : null), [whole, view])
  const [as, setAs] = useParam('as', 'map')
  const fault = nodes.fault ?? edges.fault
  const cut = edges.cut || (nodes.data?.rows.length ?? 0) >= nodesLimit
  return (
    <>
      <TopBar title={t('nav.map')} range busy={nodes.fetching || edges.fetching} />
      <FilterBar signal="spans">{filters.length > 0 && <span class="quiet hide-phone">{t('map.filtered')}</span>}</FilterBar>
      <div class="page fixed map-page">
        {fault && <Failed fault={fault} retry={() => { nodes.refetch(); edges.refetch() }} />}
        {!fault && !whole && <Skeleton height={420} />}
        {!fault && whole && whole.nodes.length === 0 && <Nothing />}
        {!fault && whole && shown && whole.nodes.length > 0 && (
          <section class="panel map-panel">
            <div class="map-tools">
              <Segmented label={t('map.as')} selected={as} onSelect={(id) => setAs(id)} items={[{ id: 'map', label: t('map.as.map') }, { id: 'table', label: t('map.as.table') }]} />
              <ViewTools whole={whole} shown={shown} view={view} />
              <span class="push" />
              <ShowQuery query={edges.query} />
            </div>
            {cut && <p class="banner">{t('map.truncated', { edges: edgesLimit })}</p>}
            {as === 'table' ? <Twin graph={shown.graph} seconds={Number(range.to - range.from) / 1e9} /> : <Drawing shown={shown} view={view} seconds={Number(range.to - range.from) / 1e9} />}
          </section>
        )}
      </div>
    </>
  )
}

function useView(): View {
  const params = useParams()
  return useMemo(() => {
    const by = params.get('cluster')
    return {
      focus: params.get('focus') ?? '',
      steps: Math.min(5, Math.max(1, Number(params.get('steps')) || 1)),
      pins: params.getAll('pin'),
      by: by === 'namespace' || by === 'kind' ? by : 'none',
      opened: new Set(params.getAll('opened')),
      outside: params.has('outside') ? params.get('outside') !== 'off' : null,
    }
  }, [params])
}

// The place of the camera belongs to one drawing; another part of the map starts anew.
const change = (edit: (params: URLSearchParams) => void): void => setParams((params) => { edit(params); params.delete('camera') })

const sceneOf = ({ opened, ...rest }: View): string => JSON.stringify([rest, [...opened]])

export const focusOn = (name: string): void => change((params) => (name === '' ? params.delete('focus') : params.set('focus', name)))

function toggle(name: 'pin' | 'opened', value: string): void {
  change((params) => {
    const values = params.getAll(name)
    params.delete(name)
    for (const known of values.includes(value) ? values.filter((other) => other !== value) : [...values, value]) params.append(name, known)
  })
}

function ViewTools({ whole, shown, view }: { whole: Graph; shown: Shown; view: View }) {
  const centre = shown.graph.nodes.find(({ id }) => id === shown.centre)
  const names = whole.nodes.filter(({ kind }) => kind === 'service').map(({ name }) => name).sort()
  const onFocus = (event: Event) => {
    const name = (event.currentTarget as HTMLInputElement).value
    if (names.includes(name)) focusOn(name)
    else if (name === '') focusOn('all')
  }
  const clusters: { id: Clustering; label: string }[] = [{ id: 'none', label: t('map.cluster.none') }, { id: 'namespace', label: t('map.cluster.namespace') }, { id: 'kind', label: t('map.cluster.kind') }]
  return (
    <>
      <label class="find-box">
        <Icon name="target" size={13} />
        <input class="field small" data-search list="map-names" key={centre?.id ?? ''} defaultValue={centre?.label ?? ''} placeholder={t('map.focus')} aria-label={t('map.focus')} onChange={onFocus} />
        <datalist id="map-names">{names.map((name) => <option key={name} value={name} />)}</datalist>
      </label>
      {centre && (
        <>
          <select class="field small" aria-label={t('map.steps')} value={String(view.steps)} onChange={({ currentTarget }) => change((params) => params.set('steps', currentTarget.value))}>
            {[1, 2, 3].map((steps) => <option key={steps} value={String(steps)}>{t('map.stepsAway', { n: steps })}</option>)}
          </select>
          <button class="button small" onClick={() => focusOn('all')}>{t('map.whole', { n: shown.total })}</button>
        </>
      )}
      <select class="field small" aria-label={t('map.cluster')} value={view.by} onChange={({ currentTarget }) => change((params) => { params.set('cluster', currentTarget.value); params.delete('opened') })}>
        {clusters.map(({ id, label }) => <option key={id} value={id}>{label}</option>)}
      </select>
      <button class="button small" aria-pressed={shown.outside} onClick={() => change((params) => params.set('outside', shown.outside ? 'off' : 'on'))} title={t('map.outside.hint')}>{t('map.outside')}</button>
      <span class="quiet num hide-phone">{shown.centre ? t('map.part', { n: shown.graph.nodes.length, all: shown.total }) : t('map.nodes', { n: shown.graph.nodes.length })}</span>
    </>
  )
}

function Drawing({ shown, view, seconds }: { shown: Shown; view: View; seconds: number }) {
  const { placed, fault } = useLayout(shown.graph)
  const [selected, setSelected] = useState<Selected | null>(null)
  if (fault) return <Failed fault={fault} />
  if (!placed) return <Skeleton height={420} />
  const pin = (node: MapNode) => toggle('pin', node.id)
  const open = (node: MapNode) => toggle('opened', node.name)
  return (
    <div class="map-drawing">
      <Surface graph={placed.graph} layout={placed.layout} centre={shown.centre} scene={sceneOf(view)} pins={view.pins} seconds={seconds} selected={selected} onSelect={setSelected} onGroup={open} onPin={pin} />
      <Inspector graph={placed.graph} selected={selected} seconds={seconds} pins={view.pins} onFocus={({ kind, id, name }) => focusOn(kind === 'service' ? name : id)} onPin={pin} onGroup={open} />
    </div>
  )
}

function Twin({ graph, seconds }: { graph: Graph; seconds: number }) {
  const [order, setOrder] = useOrder('sort', '-calls')
  const nodes = useMemo(() => new Map(graph.nodes.map((node) => [node.id, node])), [graph])
  if (graph.edges.length === 0) return <p class="quiet pad">{t('map.noEdges')}</p>
  return <SortTable label={t('map.table')} keys rows={graph.edges} columns={edgeColumns(nodes, seconds, 'both')} keyOf={({ id }) => id} order={order} onOrder={setOrder} />
}

function Nothing() {
  const status = useStatus()
  return status.data?.signals.spans.rows === 0 && status.data.signals.spans.accepted === 0 ? <NoData /> : <NothingMatches />
}
