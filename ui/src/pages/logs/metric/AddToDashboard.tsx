import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { useLoad } from '../../../api/query'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { linkTo } from '../../../url/state'
import { columns, emptyDashboard, titleToId, type Dashboard } from '../../dashboards/model/document'
import { freePlace } from '../../dashboards/model/grid'
import { fetchDashboard, listDashboards, saveDashboard, saveNew } from '../../dashboards/storage'
import type { LogScope } from '../queries'
import { panelOf, type Metric } from './measure'

interface AddToDashboardProps {
  title: string
  scope: LogScope
  metric: Metric
}

const height = 8

export function AddToDashboard({ title, scope, metric }: AddToDashboardProps) {
  const known = useLoad(['dashboards'], listDashboards)
  const [chosen, setChosen] = useState('')
  const [name, setName] = useState('')
  const [done, setDone] = useState<string | null>(null)
  const [fault, setFault] = useState('')
  const add = async (event: Event) => {
    event.preventDefault()
    setFault('')
    setDone(null)
    try {
      setDone(await addPanel(chosen, name.trim() || t('nav.logs'), (dashboard) => withPanel(dashboard, title, scope, metric)))
      known.refetch()
    } catch (cause) {
      setFault(cause instanceof Error ? cause.message : String(cause))
    }
  }
  return (
    <form class="row wrap push" onSubmit={(event) => void add(event)}>
      <select class="field small" value={chosen} aria-label={t('logs.metric.dashboard')} onChange={({ currentTarget }) => setChosen(currentTarget.value)}>
        <option value="">{t('logs.metric.new')}</option>
        {known.data?.map((one) => <option key={one.id} value={one.id}>{one.title}</option>)}
      </select>
      {chosen === '' && <input class="field small" value={name} placeholder={t('nav.logs')} aria-label={t('logs.metric.name')} onInput={({ currentTarget }) => setName(currentTarget.value)} />}
      <button class="button small primary" type="submit"><Icon name="dashboard" size={13} /> {t('logs.metric.add')}</button>
      {done !== null && <Link class="button small" role="status" href={linkTo(`/dashboards/${done}`, {}, ['range', 'from', 'to'])}><Icon name="check" size={13} /> {t('logs.metric.open')}</Link>}
      {fault && <span class="error-text" role="alert">{fault}</span>}
    </form>
  )
}

async function addPanel(id: string, title: string, change: (dashboard: Dashboard) => Dashboard): Promise<string> {
  if (id === '') return (await saveNew(titleToId(title), change(emptyDashboard(title)))).id
  const { dashboard, etag } = await fetchDashboard(id)
  await saveDashboard(id, change(dashboard), etag)
  return id
}

function withPanel(dashboard: Dashboard, title: string, scope: LogScope, metric: Metric): Dashboard {
  const id = dashboard.panels.reduce((highest, panel) => Math.max(highest, panel.id), 0) + 1
  return { ...dashboard, panels: [...dashboard.panels, { ...panelOf(title, scope, metric), id, place: freePlace(dashboard.panels, columns / 2, height) }] }
}
