import { Icon } from '../../components/Icon'
import { t } from '../../i18n/translate'
import { duration } from '../../time/format'
import type { ServiceState } from './fleet'

// Silence is no failure: nothing says whether the service is down or merely idle.
export function StateTag({ state, silentFor }: { state: ServiceState; silentFor: number }) {
  switch (state) {
    case 'failing':
      return <span class="tag error" title={t('services.failing.hint')}><Icon name="error" size={12} /> {t('services.state.failing')}</span>
    case 'silent':
      return <span class="tag warn" title={t('services.silent.hint')}><Icon name="pause" size={11} /> {t('services.silentFor', { span: duration(Math.round(silentFor / 60e9) * 60e9) })}</span>
    case 'spanless':
      return <span class="tag" title={t('services.spanless.hint')}><Icon name="logs" size={11} /> {t('services.state.spanless')}</span>
    case 'receiving':
      return <span class="tag ok"><Icon name="check" size={12} /> {t('services.state.receiving')}</span>
  }
}

// Stands in for the tag where its column has no room.
export function StateMark({ state }: { state: ServiceState }) {
  if (state === 'receiving' || state === 'spanless') return null
  return (
    <span class={`state-mark ${state === 'failing' ? 'error-text' : 'warn-text'}`}>
      <Icon name={state === 'failing' ? 'error' : 'pause'} size={13} label={t(`services.state.${state}`)} />
    </span>
  )
}
