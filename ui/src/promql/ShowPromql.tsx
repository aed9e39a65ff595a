// "Show query" of a chart of PromQL: it opens in the editor.
import { Link } from 'wouter-preact'
import { Icon } from '../components/Icon'
import { t } from '../i18n/translate'
import { linkTo } from '../url/state'

export const metricsPath = '/metrics-explorer'

export function editorLink(queries: readonly string[], extra: Record<string, string> = {}): string {
  const address = linkTo(metricsPath, { view: 'query', ...extra })
  return queries.reduce((link, query) => `${link}&q=${encodeURIComponent(query)}`, address)
}

export const metricLink = (name: string, extra: Record<string, string> = {}): string => linkTo(metricsPath, { metric: name, ...extra })

export function ShowPromql({ queries, extra }: { queries: readonly string[]; extra?: Record<string, string> }) {
  return (
    <Link class="button small plain" href={editorLink(queries, extra)} title={t('promql.show')}>
      <Icon name="database" size={13} /> <span class="hide-phone">{t('query.show')}</span>
      <span class="visually-hidden">{t('promql.show')}</span>
    </Link>
  )
}
