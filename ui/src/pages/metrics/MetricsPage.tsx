// Metrics: which there are, one of them, questions in PromQL, and how many series all that makes.
import { Segmented } from '../../components/Tabs'
import { t } from '../../i18n/translate'
import { setParams, useParam } from '../../url/state'
import { Catalogue } from './catalogue/Catalogue'
import { LazyView } from './LazyView'
import '../services/services.css'
import './metrics.css'

const views = ['catalogue', 'query', 'cardinality'] as const
type View = (typeof views)[number]

export default function MetricsPage() {
  const [metric] = useParam('metric')
  const [asked] = useParam('view', 'catalogue')
  const view = views.find((known) => known === asked) ?? 'catalogue'
  const switcher = <Views selected={view} />
  if (view !== 'catalogue') return <LazyView key={view} id={view} name="" views={switcher} />
  // Another metric starts anew.
  if (metric !== '') return <LazyView key={`metric ${metric}`} id="metric" name={metric} views={switcher} />
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
