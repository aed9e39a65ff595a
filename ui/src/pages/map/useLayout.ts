import { useEffect, useRef, useState } from 'preact/hooks'
import type { Fault } from '../../api/types'
import type { Graph, NodeKind } from './graph'
import type { Box, Layout, LayoutRequest } from './layout'

export const sizeOf: Record<NodeKind, { width: number; height: number }> = {
  service: { width: 164, height: 54 },
  group: { width: 164, height: 54 },
  database: { width: 146, height: 54 },
  queue: { width: 146, height: 44 },
  peer: { width: 146, height: 44 },
  outside: { width: 104, height: 36 },
}

// Where many lines cross, figures on all of them would hide the map: then only those pointed at, and
// those that fail, tell theirs.
export const isDense = ({ edges }: Graph): boolean => edges.length > 26

interface Placed {
  id: number // of the request that the layout answers
  graph: Graph
  layout: Layout
}

// The graph is drawn together with its own layout: a new graph waits for the worker, the old one stays. What
// only tells more of the same boxes and lines is drawn where they are.
export function useLayout(graph: Graph | null): { placed: Placed | null; fault: Fault | null } {
  const worker = useRef<Worker | null>(null)
  const asked = useRef<{ id: number; shape: string; graph: Graph } | null>(null)
  const [placed, setPlaced] = useState<Placed | null>(null)
  const [fault, setFault] = useState<Fault | null>(null)
  useEffect(() => {
    const made = new Worker(new URL('./layout.worker.ts', import.meta.url), { type: 'module' })
    made.onmessage = ({ data }: MessageEvent<{ id: number; layout: Layout }>) => {
      if (asked.current?.id === data.id) setPlaced({ id: data.id, graph: asked.current.graph, layout: data.layout })
    }
    made.onerror = (event) => setFault({ kind: 'execution', message: event.message || 'layout' })
    worker.current = made
    return () => made.terminate()
  }, [])
  useEffect(() => {
    if (!graph || !worker.current) return
    const boxes = graph.nodes.map(({ id: node, kind }): Box => ({ id: node, ...sizeOf[kind] }))
    const wires = graph.edges.map(({ id: edge, from, to, calls }) => ({ id: edge, from, to, weight: Math.ceil(Math.log10(1 + calls)) }))
    const drawing = { boxes, wires, labelled: !isDense(graph) }
    const shape = JSON.stringify(drawing)
    const before = asked.current
    if (before?.shape === shape) {
      before.graph = graph
      // While its layout is on the way the old drawing stays, which has no place for what is new.
      return setPlaced((now) => (now?.id === before.id ? { ...now, graph } : now))
    }
    const id = (before?.id ?? 0) + 1
    asked.current = { id, shape, graph }
    const request: LayoutRequest = { id, ...drawing }
    worker.current.postMessage(request)
  }, [graph])
  return { placed, fault }
}
