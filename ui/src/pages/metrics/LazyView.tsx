import type { ComponentChildren, ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Failed, Skeleton } from '../../components/Notice'
import { t } from '../../i18n/translate'
import { TopBar } from '../../shell/TopBar'

export interface ViewProps {
  name: string // of the metric, where the view is of one
  views: ComponentChildren
}

const loads = {
  metric: () => import('./metric/MetricView'),
  query: () => import('./query/QueryView'),
  cardinality: () => import('./cardinality/Cardinality'),
} satisfies Record<string, () => Promise<{ default: ComponentType<ViewProps> }>>

type LazyViewId = keyof typeof loads

const loaded = new Map<LazyViewId, ComponentType<ViewProps>>()

// Each view but the catalogue is a chunk of its own, fetched when first looked at.
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
  if (View) return <View {...props} />
  return (
    <>
      <TopBar title={t('nav.metrics')} range />
      <div class="filterbar">{props.views}</div>
      <div class="page">{failure ? <Failed fault={{ kind: 'network', message: failure }} retry={() => location.reload()} /> : <Skeleton height={320} />}</div>
    </>
  )
}
