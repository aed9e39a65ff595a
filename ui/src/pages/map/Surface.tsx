// The drawing: SVG that is moved by pointer and keys. Nodes are links, so the browser's own ways work.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { Icon } from '../../components/Icon'
import { t } from '../../i18n/translate'
import { useKeys } from '../../shell/keys'
import { setParams, useParam } from '../../url/state'
import { fitCamera, readCamera, reveal, writeCamera, zoomAt, type Camera } from './drawing'
import type { Graph, MapNode } from './graph'
import type { Selected } from './Inspector'
import type { Layout } from './layout'
import { EdgeLine } from './EdgeLine'
import { nodeAddress, NodeBox } from './NodeBox'
import { useDrag } from './useDrag'
import { isDense } from './useLayout'
import { toward } from './visible'

const farFrom = 0.35 // from here on text is but dust, and lines would be

interface SurfaceProps {
  graph: Graph
  layout: Layout
  centre: string | null
  scene: string // which part of the map this is: its camera is nobody else's
  pins: readonly string[]
  seconds: number
  selected: Selected | null
  onSelect: (selected: Selected) => void
  onGroup: (node: MapNode) => void
  onPin: (node: MapNode) => void
}

export function Surface(props: SurfaceProps) {
  const { graph, layout, centre, scene, pins, seconds, selected, onSelect, onGroup, onPin } = props
  const host = useRef<HTMLDivElement>(null)
  const [, navigate] = useLocation()
  const { camera, move, fit, size } = useCamera(host, layout, centre, scene)
  const dragged = useDrag(host, camera, move)
  const most = useMemo(() => Math.max(1, ...graph.edges.map(({ calls }) => calls)), [graph])
  const near = useMemo(() => touched(graph, selected), [graph, selected])
  const zoom = (factor: number) => move(zoomAt(camera, factor, { x: size().width / 2, y: size().height / 2 }))
  useKeys({ '+': () => zoom(1.25), '=': () => zoom(1.25), '-': () => zoom(0.8), '0': fit })
  const open = (node: MapNode) => {
    if (dragged.current) return
    if (node.kind === 'group') onGroup(node)
    else if (nodeAddress(node)) navigate(nodeAddress(node))
    else onSelect({ kind: 'node', id: node.id })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const id = (event.target as Element).closest('[data-node]')?.getAttribute('data-node')
    const node = graph.nodes.find((known) => known.id === id)
    const next = id ? toward(Object.entries(layout.nodes).map(([other, place]) => ({ id: other, ...place })), id, event.key) : null
    if (node && event.key === 'p' && !event.ctrlKey) onPin(node)
    if (!next) return
    event.preventDefault()
    const place = layout.nodes[next]
    if (place) move(reveal(camera, place, size()))
    host.current?.querySelector<SVGElement>(`[data-node="${CSS.escape(next)}"]`)?.focus({ preventScroll: true })
  }
  return (
    <div class="map-surface" ref={host} onKeyDown={onKeyDown}>
      <svg role="group" aria-label={t('map.drawing', { nodes: graph.nodes.length, edges: graph.edges.length })}>
        <g transform={`translate(${camera.x.toFixed(1)} ${camera.y.toFixed(1)}) scale(${camera.zoom.toFixed(3)})`} class={`${near ? 'some' : ''} ${isDense(graph) ? 'dense' : ''} ${camera.zoom < farFrom ? 'far' : ''}`}>
          {graph.edges.map((edge) => (
            <EdgeLine key={edge.id} edge={edge} drawn={layout.edges[edge.id]} most={most} near={near?.has(edge.id) ?? false} onSelect={() => onSelect({ kind: 'edge', id: edge.id })} />
          ))}
          {graph.nodes.map((node) => (
            <NodeBox
              key={node.id} node={node} place={layout.nodes[node.id]} seconds={seconds} centre={node.id === centre} pinned={pins.includes(node.id)}
              near={near?.has(node.id) ?? false} onSelect={() => onSelect({ kind: 'node', id: node.id })} onOpen={() => open(node)}
            />
          ))}
        </g>
      </svg>
      <div class="map-zoom" role="group" aria-label={t('map.zoom')}>
        <button class="button small icon" onClick={() => zoom(1.25)} aria-label={t('map.zoomIn')} title={`${t('map.zoomIn')} (+)`}><Icon name="plus" size={14} /></button>
        <button class="button small icon" onClick={() => zoom(0.8)} aria-label={t('map.zoomOut')} title={`${t('map.zoomOut')} (-)`}><Icon name="minus" size={14} /></button>
        <button class="button small icon" onClick={fit} aria-label={t('map.fit')} title={`${t('map.fit')} (0)`}><Icon name="target" size={14} /></button>
      </div>
    </div>
  )
}

// What belongs to the selection: the rest of the map steps back.
function touched({ edges }: Graph, selected: Selected | null): Set<string> | null {
  if (!selected) return null
  const mine = edges.filter(({ id, from, to }) => (selected.kind === 'edge' ? id === selected.id : from === selected.id || to === selected.id))
  if (mine.length === 0 && selected.kind === 'edge') return null
  return new Set([...(selected.kind === 'node' ? [selected.id] : []), ...mine.flatMap(({ id, from, to }) => [id, from, to])])
}

function useCamera(host: { current: HTMLElement | null }, layout: Layout, centre: string | null, scene: string) {
  const [written] = useParam('camera')
  const [camera, setCamera] = useState<Camera>({ x: 0, y: 0, zoom: 1 })
  const timer = useRef(0)
  const drawn = useRef('') // the scene of this layout
  const held = useRef<string | null>(null) // the scene that the hand has moved
  const size = () => ({ width: host.current?.clientWidth ?? 800, height: host.current?.clientHeight ?? 500 })
  // The address follows when the hand rests, not at each step of a gesture.
  const remember = (value: string | null) => {
    clearTimeout(timer.current)
    timer.current = window.setTimeout(() => setParams((params) => (value === null ? params.delete('camera') : params.set('camera', value)), { replace: true }), 300)
  }
  const move = (next: Camera) => {
    held.current = drawn.current
    setCamera(next)
    remember(writeCamera(next))
  }
  const fitted = () => fitCamera(layout, size(), centre === null ? undefined : layout.nodes[centre])
  const fit = () => {
    held.current = null
    setCamera(fitted())
    remember(null)
  }
  // Before the first paint: a drawing never shows in another place than its own.
  useLayoutEffect(() => {
    drawn.current = scene
    if (held.current === scene) return // more of the same map came: it stays where the hand put it
    clearTimeout(timer.current) // a gesture over the drawing before says nothing of this one
    setCamera(readCamera(written) ?? fitted())
  }, [layout])
  useEffect(() => () => clearTimeout(timer.current), [])
  return { camera, move, fit, size }
}
