import { useState } from 'preact/hooks'
import { useRoute } from 'wouter-preact'
import { useLoad } from '../../api/query'
import { Failed, Skeleton } from '../../components/Notice'
import { t } from '../../i18n/translate'
import { TopBar } from '../../shell/TopBar'
import { readyDashboard } from './ready/ready'
import { fetchDashboard, type Kept } from './storage'
import { DashboardView } from './view/DashboardView'
import './dashboards.css'
import './edit/edit.css'

export default function DashboardPage() {
  const [isReady, ready] = useRoute('/dashboards/ready/:id')
  const [, own] = useRoute('/dashboards/:id')
  const id = (isReady ? ready?.id : own?.id) ?? ''
  return <Opened key={`${isReady} ${id}`} id={id} ready={isReady} />
}

async function load(id: string, ready: boolean, signal: AbortSignal): Promise<Kept> {
  if (!ready) return fetchDashboard(id, signal)
  const dashboard = await readyDashboard(id)
  if (!dashboard) throw new Error(t('dash.absent', { id }))
  return { dashboard, etag: '' }
}

function Opened({ id, ready }: { id: string; ready: boolean }) {
  const [opening, setOpening] = useState(0)
  const loaded = useLoad(['dashboard', id, ready, opening], (signal) => load(id, ready, signal), { keepPrevious: false })
  const [first, setFirst] = useState<{ opening: number; kept: Kept } | null>(null)
  // What is open stays as it was opened, whatever is saved elsewhere meanwhile; saving finds out.
  if (loaded.data && first?.opening !== opening) setFirst({ opening, kept: loaded.data })
  if (first && first.opening === opening) return <DashboardView key={opening} id={id} ready={ready} kept={first.kept} reopen={() => setOpening(Date.now())} />
  return (
    <>
      <TopBar title={t('nav.dashboards')} />
      <div class="page">{loaded.fault ? <Failed fault={loaded.fault} retry={loaded.refetch} /> : <Skeleton height={260} />}</div>
    </>
  )
}
