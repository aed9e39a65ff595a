// Metrics: which there are, one of them, questions in PromQL, and how many series all that makes.
import type { ComponentChildren } from 'preact'
import { lazy } from '../../components/lazy'
import { Skeleton } from '../../components/Notice'
import { Segmented } from '../../components/Tabs'
import { t } from '../../i18n/translate'
import { TopBar } from '../../shell/TopBar'
import { setParams, useParam } from '../../url/state'
import '../services/services.css'
import './metrics.css'

const views = ['catalogue', 'query', 'cardinality'] as const
type View = (typeof views)[number]

export interface ViewProps {
  views: ComponentChildren
}

// Each view is a chunk of its own; the page's frame is there at once.
const framed = ({ views: switcher }: ViewProps, content: ComponentChildren) => (
  <>
    <TopBar title={t('nav.metrics')} range />
    <div class="filterbar">{switcher}</div>
    <div class="page">{content}</div>
  </>
)

const waiting = <Skeleton height={320} />
const Catalogue = lazy(async () => (await import('./catalogue/Catalogue')).default, waiting, framed)
const MetricView = lazy<ViewProps & { name: string }>(async () => (await import('./metric/MetricView')).default, waiting, framed)
const QueryView = lazy(async () => (await import('./query/QueryView')).default, waiting, framed)
const Cardinality = lazy(async () => (await import('./cardinality/Cardinality')).default, waiting, framed)

export default function MetricsPage() {
  const [metric] = useParam('metric')
  const [asked] = useParam('view', 'catalogue')
  const view = views.find((known) => known === asked) ?? 'catalogue'
  const switcher = <Views selected={view} />
  if (view === 'query') return <QueryView views={switcher} />
  if (view === 'cardinality') return <Cardinality views={switcher} />
  // Another metric starts anew.
  if (metric !== '') return <MetricView key={metric} name={metric} views={switcher} />
  return <Catalogue views={switcher} />
}

// What belongs to one view has no meaning in another; range and filters do.
const kept = new Set(['range', 'from', 'to', 'f'])

function Views({ selected }: { selected: View }) {
  const show = (view: View) =>
    setParams((params) => {
      for (const name of [...params.keys()]) if (!kept.has(name)) params.delete(name)
      if (view !== 'catalogue') params.set('view', view)
    })
  return <Segmented label={t('metrics.views')} selected={selected} onSelect={show} items={views.map((id) => ({ id, label: t(`metrics.view.${id}`) }))} />
}
