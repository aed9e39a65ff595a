// The report of an import: for each panel what became of it, and why.
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { Dialog } from '../../../shell/Dialog'
import type { Dashboard, Verdict } from '../model/document'
import { reportOf, type ReportLine } from '../model/report'
import { noteText } from '../view/ImportNote'

const icons: Record<Verdict, 'check' | 'warn' | 'error'> = { converted: 'check', approximated: 'warn', unsupported: 'error' }
const tones: Record<Verdict, string> = { converted: 'ok', approximated: 'warn', unsupported: 'error' }

export function ReportDialog({ dashboard, close }: { dashboard: Dashboard; close: () => void }) {
  return (
    <Dialog title={t('dash.report')} close={close}>
      <div class="dash-queries">
        <Report dashboard={dashboard} />
      </div>
    </Dialog>
  )
}

export function Report({ dashboard }: { dashboard: Dashboard }) {
  const lines = reportOf(dashboard)
  const amount = (verdict: Verdict): number => lines.filter((line) => line.verdict === verdict).length
  return (
    <div class="stack dash-report">
      <div class="row wrap">
        {(['converted', 'approximated', 'unsupported'] as const).map((verdict) => (
          <span key={verdict} class={`tag ${tones[verdict]}`}>
            <Icon name={icons[verdict]} size={12} /> {t('dash.report.count', { n: amount(verdict), verdict: t(`dash.verdict.${verdict}`) })}
          </span>
        ))}
      </div>
      {dashboard.imported && dashboard.imported.notes.length > 0 && (
        <div>
          <h3>{t('dash.report.whole')}</h3>
          <ul class="dash-notes">{dashboard.imported.notes.map((note, at) => <li key={at}>{noteText(note)}</li>)}</ul>
        </div>
      )}
      <div class="dash-report-lines" tabIndex={0} role="region" aria-label={t('dash.report')}>
        <table class="grid-table">
          <thead>
            <tr>
              <th scope="col">{t('dash.report.panel')}</th>
              <th scope="col">{t('dash.report.verdict')}</th>
            </tr>
          </thead>
          <tbody>{lines.map((line) => <Line key={line.id} line={line} />)}</tbody>
        </table>
      </div>
    </div>
  )
}

function Line({ line: { title, kind, verdict, notes } }: { line: ReportLine }) {
  return (
    <tr>
      <td>
        {title || t('dash.untitled')} <span class="tag">{kind}</span>
      </td>
      <td>
        <span class={`tag ${tones[verdict]}`}><Icon name={icons[verdict]} size={12} /> {t(`dash.verdict.${verdict}`)}</span>
        {notes.length > 0 && <ul class="dash-notes">{notes.map((note, at) => <li key={at}>{noteText(note)}</li>)}</ul>}
      </td>
    </tr>
  )
}
