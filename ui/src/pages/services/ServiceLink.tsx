import { Link } from 'wouter-preact'
import { Icon } from '../../components/Icon'
import { ServiceDot } from '../../components/Service'
import { Value } from '../../components/Value'
import { t } from '../../i18n/translate'
import { linkTo } from '../../url/state'
import { servicePath } from './address'

// Opens the service's page; the funnel beside it filters by the service.
export function ServiceLink({ name }: { name: string }) {
  return (
    <span class="service-link">
      <ServiceDot name={name} />
      <Link class="cut" href={linkTo(servicePath(name))} title={name}>
        {name || t('services.unnamed')}
      </Link>
      <Value field="service" value={name} class="funnel">
        <Icon name="filter" size={12} label={t('services.filterBy', { service: name })} />
      </Value>
    </span>
  )
}
