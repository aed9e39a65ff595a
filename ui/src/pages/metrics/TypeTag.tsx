import { t } from '../../i18n/translate'
import type { Kind } from './automatic'

export const TypeTag = ({ kind }: { kind: Kind }) => (
  <span class={`tag metric-type ${kind}`} title={kind === 'native' ? t('metrics.native') : undefined}>
    {kind === 'native' ? 'histogram' : kind}
    {kind === 'native' && <sup>n</sup>}
  </span>
)
