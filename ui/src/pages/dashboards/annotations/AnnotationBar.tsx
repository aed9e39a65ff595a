import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { cssColour } from '../panels/shown'
import { switchAnnotation, type Shown } from './useAnnotations'

// A switch for each kind of mark, with how many there are.
export function AnnotationBar({ shown }: { shown: readonly Shown[] }) {
  if (shown.length === 0) return null
  return (
    <div class="filterbar dash-variables" role="group" aria-label={t('dash.annotations')}>
      {shown.map(({ annotation: { name, colour = 'blue' }, on, moments, cut, fault }) => (
        <span key={name} class="row">
          <button class="button small dash-mark" aria-pressed={on} onClick={() => switchAnnotation(name)}>
            <i style={{ background: cssColour(colour) }} />
            <span class="cut">{name}</span>
            {on && !fault && <span class="num quiet" title={cut ? t('dash.cut') : ''}>{moments.length}{cut ? '+' : ''}</span>}
          </button>
          {fault && <span class="tag error" title={fault.message}><Icon name="error" size={12} label={fault.message} /></span>}
        </span>
      ))}
    </div>
  )
}
