import { Link } from 'wouter-preact'
import { t } from '../i18n/translate'
import type { Sql } from '../sql/escape'
import { linkTo } from '../url/state'
import { Icon } from './Icon'

export function ShowQuery({ query }: { query: Sql }) {
  return (
    <Link class="button small plain" href={linkTo('/sql', { q: query.text })} title={t('query.show.title')}>
      <Icon name="database" size={13} /> <span class="hide-phone">{t('query.show')}</span>
      <span class="visually-hidden">{t('query.show.title')}</span>
    </Link>
  )
}
