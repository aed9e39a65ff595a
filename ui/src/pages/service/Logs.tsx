import { useMemo, useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { Icon } from '../../components/Icon'
import { Failed, NothingMatches, Skeleton } from '../../components/Notice'
import { Segmented } from '../../components/Tabs'
import { t } from '../../i18n/translate'
import type { Filter } from '../../sql/filter'
import { useParam, withFilters } from '../../url/state'
import { ContextDialog } from '../logs/context/ContextDialog'
import { Histogram } from '../logs/chart/Histogram'
import { LogList } from '../logs/list/LogList'
import type { LogRecord } from '../logs/record'
import { useLogPages } from '../logs/usePages'
import type { ServiceScope } from './scope'
import '../logs/logs.css'

export function Logs({ scope: { range, filters } }: { scope: ServiceScope }) {
  const [level, setLevel] = useParam('level')
  const [context, setContext] = useState<LogRecord | null>(null)
  const chosen = useMemo((): Filter[] => (level === '' ? [...filters] : [...filters, { key: 'severity', op: '>=', value: level }]), [filters, level])
  const scope = { range, filters: chosen, search: '' }
  const pages = useLogPages(scope)
  return (
    <>
      <div class="row wrap">
        <Segmented label={t('logs.severity')} selected={level} onSelect={(id) => setLevel(id)} items={[{ id: '', label: t('service.logs.all') }, { id: 'WARN', label: 'WARN +' }, { id: 'ERROR', label: 'ERROR +' }]} />
        <Link class="button small push" href={withFilters('/logs', chosen)}><Icon name="logs" size={13} /> {t('trace.logs.open')}</Link>
      </div>
      <Histogram scope={scope} />
      {pages.fault && <Failed fault={pages.fault} retry={pages.reload} />}
      {!pages.fault && pages.loading && pages.records.length === 0 && <Skeleton height={200} />}
      {!pages.fault && !pages.loading && pages.records.length === 0 && (level === '' ? <NothingMatches /> : <NothingMatches extra={`${t('logs.severity')} ≥ ${level}`} onClear={() => setLevel('')} />)}
      {pages.records.length > 0 && (
        <section class="panel service-logs">
          <LogList records={pages.records} onContext={setContext} onEnd={pages.loadOlder} onStart={pages.loadNewer} end={<p class="quiet log-end">{t(pages.older ? 'logs.loadingOlder' : 'logs.end')}</p>} />
        </section>
      )}
      {context && <ContextDialog record={context} close={() => setContext(null)} />}
    </>
  )
}
