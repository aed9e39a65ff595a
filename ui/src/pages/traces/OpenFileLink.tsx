import { Link } from 'wouter-preact'
import { Icon } from '../../components/Icon'
import { t } from '../../i18n/translate'

export function OpenFileLink() {
  return (
    <Link class="button optional" href="/trace/file" title={t('trace.file.hint')}>
      <Icon name="share" size={14} /> <span class="hide-phone">{t('trace.file.open')}</span>
      <span class="visually-hidden">{t('trace.file.open')}</span>
    </Link>
  )
}
