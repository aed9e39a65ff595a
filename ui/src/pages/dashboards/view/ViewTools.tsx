import { useState } from 'preact/hooks'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { useParam } from '../../../url/state'
import { download } from '../../trace/download'
import type { Saving } from '../edit/useSaving'
import { ReportDialog } from '../list/ReportDialog'
import type { Dashboard } from '../model/document'
import { writeDashboard } from '../model/write'

interface Props {
  id: string
  ready: boolean
  dashboard: Dashboard
  dirty: boolean
  saving: Saving
  imported: boolean
  onEdit: () => void
}

const paces = ['off', '5s', '10s', '30s', '1m', '5m', '15m'] as const

export function ViewTools({ id, ready, dashboard, dirty, saving, imported, onEdit }: Props) {
  const own = dashboard.refresh ?? 'off'
  const [pace, setPace] = useParam('refresh', own)
  const [report, setReport] = useState(false)
  const known: readonly string[] = (paces as readonly string[]).includes(own) ? paces : [...paces, own]
  return (
    <>
      {imported && (
        <button class="button hide-phone" onClick={() => setReport(true)}>
          <Icon name="check" size={14} /> {t('dash.report')}
        </button>
      )}
      <label class="dash-pace hide-phone" title={t('dash.refresh')}>
        <span class="visually-hidden">{t('dash.refresh')}</span>
        <select class="field" value={pace} onChange={(event) => setPace(event.currentTarget.value, { replace: true })}>
          {known.map((one) => <option key={one} value={one}>{one === 'off' ? t('dash.refresh.off') : one}</option>)}
        </select>
      </label>
      <button class="button icon hide-phone" onClick={() => download(writeDashboard(dashboard), `${id}.json`, 'application/json')} title={t('dash.export')} aria-label={t('dash.export')}>
        <Icon name="download" size={15} />
      </button>
      {dirty && !ready && (
        <button class="button primary" onClick={saving.save} disabled={saving.busy}>
          <Icon name="save" size={14} /> {t('dash.save')}
        </button>
      )}
      {ready ? (
        <button class="button" onClick={saving.copy} disabled={saving.busy} aria-label={t('dash.saveCopy')}>
          <Icon name="copy" size={14} /> <span class="hide-phone">{t('dash.saveCopy')}</span>
        </button>
      ) : (
        <button class="button" onClick={onEdit} title={`${t('dash.edit')} (e)`} aria-label={t('dash.edit')}>
          <Icon name="edit" size={14} /> <span class="hide-phone">{t('dash.edit')}</span>
        </button>
      )}
      {report && <ReportDialog dashboard={dashboard} close={() => setReport(false)} />}
    </>
  )
}
