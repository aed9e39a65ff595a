import { useEffect, useMemo } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { toObjects } from '../../api/client'
import { useSql, useStatus } from '../../api/query'
import { Icon } from '../../components/Icon'
import { Failed, NoData, Skeleton } from '../../components/Notice'
import { ServiceDot } from '../../components/Service'
import { ShowQuery } from '../../components/ShowQuery'
import { Tabs } from '../../components/Tabs'
import { Value } from '../../components/Value'
import { t } from '../../i18n/translate'
import { FilterBar } from '../../shell/FilterBar'
import { TopBar } from '../../shell/TopBar'
import { ago, duration, pace, percent } from '../../time/format'
import { toMilliseconds } from '../../time/nanoseconds'
import { asOf, linkTo, setRange, useParam, withFilters } from '../../url/state'
import { assemble, type Service } from '../services/fleet'
import { presenceQuery, redQuery } from '../services/queries'
import { StateTag } from '../services/StateTag'
import { useServiceName } from './name'
import { useScope } from './scope'
import { Section, sections } from './Section'
import '../services/services.css'
import './service.css'

export default function ServicePage() {
  const name = useServiceName()
  // What was loaded of one service must not stand under the name of the next.
  return <Page key={name} name={name} />
}

function Page({ name }: { name: string }) {
  const scope = useScope(name)
  const [chosen, choose] = useParam('tab', 'overview')
  const section = sections.find((known) => known === chosen) ?? 'overview'
  const [compare, setCompare] = useParam('compare')
  const query = redQuery(scope.range, scope.filters)
  const red = useSql(query.text)
  const presence = useSql(presenceQuery(scope.range, scope.filters).text)
  const service = useMemo(
    () => (red.data && presence.data ? (assemble(toObjects(red.data), toObjects(presence.data), scope.range)[0] ?? null) : undefined),
    [red.data, presence.data],
  )
  useEffect(() => {
    document.title = `${name} · Luneta`
  })
  useEffect(() => document.querySelector('.service-head [aria-selected="true"]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }), [section])
  const fault = red.fault ?? presence.fault
  return (
    <>
      <TopBar title={<Title name={name} />} range busy={red.fetching} />
      <FilterBar signal="spans">
        <button class="button small" aria-pressed={compare === 'day'} onClick={() => setCompare(compare === 'day' ? '' : 'day')} title={t('service.compare.hint')}>
          <Icon name="clock" size={13} /> {t('service.compare')}
        </button>
      </FilterBar>
      <div class="service-head">
        {service && <Facts service={service} seconds={scope.seconds} />}
        {service && <ShowQuery query={query} />}
        <Tabs label={t('service.sections')} selected={section} onSelect={(id) => choose(id)} items={sections.map((id) => ({ id, label: t(`service.tab.${id}`) }))} />
      </div>
      <div class={`page ${section === 'logs' ? 'fixed' : ''}`} role="tabpanel" aria-label={t(`service.tab.${section}`)} tabIndex={0}>
        {fault && <Failed fault={fault} retry={() => { red.refetch(); presence.refetch() }} />}
        {!fault && service === undefined && <Skeleton height={240} />}
        {!fault && service === null && <Unknown name={name} />}
        {!fault && service && service.total === 0 && section === 'overview' && <Spanless service={service} choose={choose} />}
        {!fault && service && (service.total > 0 || section !== 'overview') && <Section key={section} id={section} scope={scope} />}
      </div>
    </>
  )
}

function Title({ name }: { name: string }) {
  return (
    <span class="service-title">
      <Link href={linkTo('/services')} class="quiet hide-phone">
        {t('nav.services')}
      </Link>
      <Icon name="right" size={13} />
      <span class="service">
        <ServiceDot name={name} />
        <span class="cut">{name || t('services.unnamed')}</span>
      </span>
    </span>
  )
}

function Facts({ service, seconds }: { service: Service; seconds: number }) {
  const own = [{ key: 'service', op: '=' as const, value: service.name }]
  return (
    <div class="service-facts num">
      <StateTag state={service.state} silentFor={service.silentFor} />
      {service.total > 0 && (
        <>
          <span><b>{pace(service.total, seconds)}</b> {service.own ? t('service.requests') : t('service.spans')}</span>
          <span><b class={service.failed > 0 ? 'error-text' : ''}>{percent(service.failed / service.total)}</b> {t('service.failed')}</span>
          {service.p95 !== null && <span><b>{duration(service.p95)}</b> p95</span>}
        </>
      )}
      {service.version !== null && <span>{t('services.version')} <Value field="resource:service.version" value={service.version} class="mono" /></span>}
      {service.total === 0 && <span>{[service.logs > 0 && t('services.logs', { n: service.logs }), service.points > 0 && t('services.points', { n: service.points })].filter(Boolean).join(', ') || t('red.noneInRange')}</span>}
      <span class="row wrap">
        <Link class="button small" href={withFilters('/traces', own)}><Icon name="trace" size={13} /> {t('nav.traces')}</Link>
        <Link class="button small" href={linkTo('/map', { focus: service.name })}><Icon name="map" size={13} /> {t('nav.map')}</Link>
      </span>
    </div>
  )
}

// Known, yet without a span in this range: either it sends other signals, or nothing of late.
function Spanless({ service, choose }: { service: Service; choose: (section: string) => void }) {
  const others = service.logs + service.points > 0
  return (
    <div class="notice">
      <Icon name={others ? 'logs' : 'pause'} size={26} />
      <strong>{others ? t('service.spanless') : t('service.nothingNow', { ago: ago(toMilliseconds(service.lastSeen), asOf.value) })}</strong>
      <p>{others ? t('services.spanless.hint') : t('services.silent.hint')}</p>
      <div class="row wrap">
        {service.logs > 0 && <button class="button small" onClick={() => choose('logs')}>{t('services.logs', { n: service.logs })}</button>}
        {service.points > 0 && <button class="button small" onClick={() => choose('runtime')}>{t('services.points', { n: service.points })}</button>}
        <button class="button small" onClick={() => setRange({ kind: 'relative', span: '7d' })}><Icon name="clock" size={13} /> {t('notice.widen')}</button>
      </div>
    </div>
  )
}

function Unknown({ name }: { name: string }) {
  const status = useStatus()
  const signals = status.data ? Object.values(status.data.signals) : []
  if (signals.length > 0 && signals.every(({ rows, accepted }) => rows === 0 && accepted === 0)) return <NoData />
  return (
    <div class="notice">
      <Icon name="empty" size={26} />
      <strong>{t('service.unknown', { name })}</strong>
      <p>{t('service.unknown.hint')}</p>
      <div class="row wrap">
        <button class="button small" onClick={() => setRange({ kind: 'relative', span: '7d' })}>
          <Icon name="clock" size={13} /> {t('notice.widen')}
        </button>
        <Link class="button small" href={linkTo('/services')}>{t('nav.services')}</Link>
      </div>
    </div>
  )
}
