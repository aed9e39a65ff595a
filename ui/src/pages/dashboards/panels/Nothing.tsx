import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'

export function Nothing() {
  return (
    <div class="dash-nothing" role="status">
      <Icon name="empty" size={20} />
      <span>{t('dash.nothing')}</span>
    </div>
  )
}
