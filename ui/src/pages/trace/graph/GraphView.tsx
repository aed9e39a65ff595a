import { useMemo } from 'preact/hooks'
import { column } from '../../../api/client'
import { useSql } from '../../../api/query'
import { Icon } from '../../../components/Icon'
import { serviceVariable } from '../../../components/palette'
import { ServiceName } from '../../../components/Service'
import { ShowQuery } from '../../../components/ShowQuery'
import { t } from '../../../i18n/translate'
import { sql, text, type Sql } from '../../../sql/escape'
import { count, duration } from '../../../time/format'
import { useParam } from '../../../url/state'
import type { ViewProps } from '../LazyView'
import { spansQuery } from '../load'
import type { Source } from '../source'
import { serviceGraph, type Edge, type Node, type ServiceGraph } from './serviceGraph'
import './graph.css'

// Whom client spans called, for those whose other side sent nothing.
const peersQuery = (traceId: string): Sql => sql`SELECT span_id,
  coalesce(attributes['peer.service'], attributes['db.system.name'], attributes['db.system'], attributes['messaging.system'], attributes['server.address']) AS peer
FROM spans
WHERE trace_id = ${text(traceId)} AND kind IN ('CLIENT', 'PRODUCER')
LIMIT 100000`

const peerKeys = ['peer.service', 'db.system.name', 'db.system', 'messaging.system', 'server.address']

export default function GraphView({ source, trace, onSelect }: ViewProps) {
  const [chosen, setAs] = useParam('as')
  const answer = useSql(source.records ? null : peersQuery(source.traceId).text, { limit: 100_000, keepPrevious: false })
  const graph = useMemo(() => serviceGraph(trace, source.records ? peersOfRecords(source.records) : peersOf(answer.data ? column(answer.data, 'span_id') : [], answer.data ? column(answer.data, 'peer') : [])), [trace, answer.data])
  const as = chosen || (graph.edges.length > mostDrawn ? 'table' : 'graph')
  const select = (service: string) => {
    const span = trace.tree.spans.services.indexOf(service)
    if (span >= 0) onSelect(trace.tree.rowOfSpan[span] as number)
  }
  return (
    <section class="panel trace-graph">
      <header>
        <h2>{t('trace.view.graph')}</h2>
        <span class="note">{t('trace.graph.note', { services: graph.nodes.filter(({ peer }) => !peer).length, edges: graph.edges.length })}</span>
        <div class="tools">
          {source.records === null && <ShowQuery query={spansQuery(source.traceId)} />}
          <button class="button small icon plain" aria-pressed={as === 'table'} onClick={() => setAs(as === 'table' ? 'graph' : 'table')} title={t('chart.table')} aria-label={t('chart.table')}>
            <Icon name={as === 'table' ? 'chart' : 'table'} size={13} />
          </button>
        </div>
      </header>
      {as === 'table' ? <GraphTable graph={graph} /> : <Drawing graph={graph} onSelect={select} />}
    </section>
  )
}

const peersOf = (ids: readonly unknown[], peers: readonly unknown[]): Map<string, string> =>
  new Map(ids.map((id, index) => [String(id), peers[index]] as const).filter(([, peer]) => peer !== null && peer !== undefined && peer !== '').map(([id, peer]) => [id, String(peer)]))

function peersOfRecords(records: NonNullable<Source['records']>): Map<string, string> {
  const peers = records.map(({ spanId, attributes }) => [spanId, peerKeys.map((key) => attributes[key]).find(Boolean)] as const)
  return new Map(peers.filter(([, peer]) => peer !== undefined).map(([id, peer]) => [id, String(peer)]))
}

// With more calls than this, the drawing is lines over lines: the table comes first.
const mostDrawn = 40
const mostLabels = 24
const [columnWidth, rowPitch, boxWidth, boxHeight, margin] = [310, 84, 172, 56, 24]

function Drawing({ graph, onSelect }: { graph: ServiceGraph; onSelect: (service: string) => void }) {
  const width = margin * 2 + (graph.layers - 1) * columnWidth + boxWidth
  const bowed = graph.edges.length > 0 ? bowOf(graph.layers) : 0
  const height = margin * 2 + (graph.widest - 1) * rowPitch + boxHeight + bowed * 1.5
  const at = (name: string) => {
    const node = graph.nodes.find((one) => one.name === name) as Node
    return { x: margin + node.layer * columnWidth, y: height / 2 + node.place * rowPitch - boxHeight / 2 }
  }
  const summary = graph.edges.map(({ from, to, calls }) => `${from} → ${to} ×${calls}`).join(', ')
  return (
    <div class="graph-scroll" tabIndex={0} role="region" aria-label={t('trace.view.graph')}>
      <svg width={width} height={height} role="group" aria-label={t('trace.graph.summary', { calls: summary.slice(0, 600) || '–' })}>
        {graph.edges.map((edge) => <EdgeLine key={`${edge.from}\n${edge.to}`} edge={edge} from={at(edge.from)} to={at(edge.to)} labelled={graph.edges.length <= mostLabels} />)}
        {graph.nodes.map((node) => <NodeBox key={node.name} node={node} {...at(node.name)} onSelect={onSelect} />)}
      </svg>
    </div>
  )
}

interface Point {
  x: number
  y: number
}

// Calls to the next layer go straight; those that pass over others bow up, those that go back bow down.
function route(from: Point, to: Point): { path: string; middle: Point } {
  const layers = Math.round((to.x - from.x) / columnWidth)
  if (layers === 1 || (layers > 1 && from.y !== to.y)) {
    const [x1, y1, x2, y2] = [from.x + boxWidth, from.y + boxHeight / 2, to.x, to.y + boxHeight / 2]
    const bend = (x2 - x1) / 2
    // The label stands near the called side, where lines from one caller have parted.
    return { path: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`, middle: { x: x1 + (x2 - x1) * 0.64, y: y1 + (y2 - y1) * 0.86 } }
  }
  const up = layers > 1
  const [x1, x2] = [from.x + boxWidth / 2, to.x + boxWidth / 2]
  const [y1, y2] = up ? [from.y, to.y] : [from.y + boxHeight, to.y + boxHeight]
  const bow = up ? Math.min(y1, y2) - bowOf(layers) : Math.max(y1, y2) + bowOf(layers)
  return { path: `M${x1} ${y1} C${x1} ${bow} ${x2} ${bow} ${x2} ${y2}`, middle: { x: (x1 + x2) / 2, y: (y1 + y2) / 8 + (bow * 3) / 4 } }
}

const bowOf = (layers: number): number => 16 + 22 * Math.abs(layers)

function EdgeLine({ edge, from, to, labelled }: { edge: Edge; from: Point; to: Point; labelled: boolean }) {
  const { path, middle } = route(from, to)
  const failed = edge.errors > 0
  const label = `${edge.from} → ${edge.to}: ×${count(edge.calls)} · ${duration(edge.total / edge.calls)}${failed ? ` ⚠ ${count(edge.errors)}` : ''}`
  return (
    <g class={`graph-edge ${failed ? 'failed' : ''}`}>
      <title>{label}</title>
      <path d={path} stroke-width={Math.min(5, 1.4 + Math.log2(edge.calls) / 2)} />
      {labelled && (
        <text x={middle.x} y={middle.y - 8} text-anchor="middle">
          ×{count(edge.calls)} · {duration(edge.total / edge.calls)}
          {failed && <tspan class="error-text"> ⚠ {count(edge.errors)}</tspan>}
        </text>
      )}
    </g>
  )
}

function NodeBox({ node, x, y, onSelect }: { node: Node; x: number; y: number; onSelect: (service: string) => void }) {
  const label = t('trace.graph.node', { name: node.name, spans: node.spans, errors: node.errors, self: duration(node.self) })
  return (
    <g
      class={`graph-node ${node.peer ? 'peer' : ''}`} transform={`translate(${x} ${y})`} {...(node.peer ? { role: 'img', 'aria-label': label } : { role: 'button', tabindex: 0 })}
      onClick={() => onSelect(node.name)} onKeyDown={(event) => event.key === 'Enter' && onSelect(node.name)}
    >
      <title>{label}</title>
      <rect width={boxWidth} height={boxHeight} rx={node.peer ? 26 : 8} />
      {!node.peer && <rect class="mark" width={5} height={boxHeight - 16} x={8} y={8} rx={2} style={{ fill: serviceVariable(node.name) }} />}
      <text class="name" x={22} y={23}>{node.name.length > 20 ? `${node.name.slice(0, 19)}…` : node.name}</text>
      <text x={22} y={42}>
        {node.peer ? t('trace.graph.peer') : `${count(node.spans)} · ${duration(node.self)}`}
        {node.errors > 0 && <tspan class="error-text">  ⚠ {count(node.errors)}</tspan>}
      </text>
    </g>
  )
}

function GraphTable({ graph }: { graph: ServiceGraph }) {
  return (
    <div class="graph-scroll" tabIndex={0} role="region" aria-label={t('trace.view.graph')}>
      <table class="grid-table">
        <thead>
          <tr>
            <th scope="col">{t('trace.graph.from')}</th>
            <th scope="col">{t('trace.graph.to')}</th>
            <th scope="col" class="right">{t('trace.graph.calls')}</th>
            <th scope="col" class="right">{t('trace.errorCount')}</th>
            <th scope="col" class="right">{t('trace.list.total')}</th>
            <th scope="col" class="right">{t('trace.graph.mean')}</th>
          </tr>
        </thead>
        <tbody>
          {graph.edges.map(({ from, to, calls, errors, total }) => (
            <tr key={`${from}\n${to}`}>
              <td><ServiceName name={from} /></td>
              <td><ServiceName name={to} /></td>
              <td class="right num">{count(calls)}</td>
              <td class={`right num ${errors > 0 ? 'error-text' : ''}`}>{count(errors)}</td>
              <td class="right num">{duration(total)}</td>
              <td class="right num">{duration(total / calls)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
