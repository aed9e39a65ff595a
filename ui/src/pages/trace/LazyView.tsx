import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Failed, Skeleton } from '../../components/Notice'
import type { TraceView } from './useTraceView'
import type { Source } from './source'
import type { Trace } from './trace'

export interface ViewProps {
  source: Source
  trace: Trace
  view: TraceView
  selected: number
  onSelect: (row: number) => void
}

const loads = {
  flame: () => import('./flame/FlameView'),
  list: () => import('./list/ListView'),
  timeline: () => import('./timeline/TimelineView'),
  graph: () => import('./graph/GraphView'),
  json: () => import('./json/JsonView'),
} satisfies Record<string, () => Promise<{ default: ComponentType<ViewProps> }>>

export type LazyViewId = keyof typeof loads

const loaded = new Map<LazyViewId, ComponentType<ViewProps>>()

// Each view but the waterfall is a chunk of its own, fetched when first looked at.
export function LazyView({ id, ...props }: ViewProps & { id: LazyViewId }) {
  const [, redraw] = useState(0)
  const [failure, setFailure] = useState('')
  useEffect(() => {
    if (loaded.has(id)) return
    loads[id]().then(
      (module) => {
        loaded.set(id, module.default)
        redraw((tick) => tick + 1)
      },
      (cause: unknown) => setFailure(String(cause)),
    )
  }, [id])
  const View = loaded.get(id)
  if (failure) return <Failed fault={{ kind: 'network', message: failure }} retry={() => location.reload()} />
  return View ? <View {...props} /> : <Skeleton height={260} />
}
