// Metrics: which there are, one of them, questions in PromQL, and how many series all that makes.
import { Segmented } from '../../components/Tabs'
import { t } from '../../i18n/translate'
import { setParams, useParam } from '../../url/state'
import { Cardinality } from './cardinality/Cardinality'
import { Catalogue } from './catalogue/Catalogue'
import { MetricView } from './metric/MetricView'
import { QueryView } from './query/QueryView'
import '../services/services.css'
import './metrics.css'

const views = ['catalogue', 'query', 'cardinality'] as const
type View = (typeof views)[number]

export default function MetricsPage() {
  const [metric] = useParam('metric')
  const [asked] = useParam('view', 'catalogue')
  const view = views.find((known) => known === asked) ?? 'catalogue'
  if (view === 'query') return <QueryView views={<Views selected={view} />} />
  if (view === 'cardinality') return <Cardinality views={<Views selected={view} />} />
  // Another metric starts anew.
  if (metric !== '') return <MetricView key={metric} name={metric} views={<Views selected={view} />} />
  return <Catalogue views={<Views selected={view} />} />
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
