import { useEffect } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { useStatus } from '../../api/query'
import { Failed, Skeleton } from '../../components/Notice'
import { t } from '../../i18n/translate'
import { FilterBar } from '../../shell/FilterBar'
import { TopBar } from '../../shell/TopBar'
import { linkTo } from '../../url/state'
import { NewestErrors } from './NewestErrors'
import { Questions } from './questions/Questions'
import { Services } from './Services'
import { Volumes } from './Volumes'
import './home.css'

export default function HomePage() {
  const [, navigate] = useLocation()
  const status = useStatus()
  const signals = status.data ? Object.values(status.data.signals) : []
  const none = signals.length > 0 && signals.every((signal) => signal.rows === 0 && signal.accepted === 0)
  useEffect(() => {
    if (none) navigate(linkTo('/connect', {}, []), { replace: true })
  }, [none])
  return (
    <>
      <TopBar title={t('nav.home')} range busy={status.loading} />
      <FilterBar signal="spans" />
      <div class="page">
        {status.fault && <Failed fault={status.fault} retry={status.refetch} />}
        {status.loading && <Skeleton height={220} />}
        {status.data && !none && (
          <div class="stack">
            <Questions />
            <Services />
            <NewestErrors />
            <Volumes />
          </div>
        )}
      </div>
    </>
  )
}
