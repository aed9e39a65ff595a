import { useMemo } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { toObjects } from '../../api/client'
import { useSql, useStatus } from '../../api/query'
import { Icon } from '../../components/Icon'
import { Failed, NoData, NothingMatches, Skeleton } from '../../components/Notice'
import { Panel } from '../../components/Panel'
import { ShowQuery } from '../../components/ShowQuery'
import { SortTable, useOrder } from '../../components/SortTable'
import { Segmented } from '../../components/Tabs'
import { t } from '../../i18n/translate'
import { FilterBar } from '../../shell/FilterBar'
import { TopBar } from '../../shell/TopBar'
import { bucketSeconds } from '../../time/range'
import { linkTo, useFilters, useParam, useRange } from '../../url/state'
import { servicePath } from './address'
import { serviceColumns } from './columns'
import { assemble, readTrends, search, type Service } from './fleet'
import { presenceQuery, redQuery, servicesLimit, trendsQuery } from './queries'
import './services.css'

export default function ServicesPage() {
  const { range } = useRange()
  const filters = useFilters()
  const query = redQuery(range, filters)
  const red = useSql(query.text, { limit: servicesLimit })
  const presence = useSql(presenceQuery(range, filters).text, { limit: servicesLimit })
  const seconds = bucketSeconds(range, 40)
  const trends = useSql(trendsQuery(range, filters, seconds).text, { limit: 100_000 })
  const services = useMemo(
    () => (red.data && presence.data ? assemble(toObjects(red.data), toObjects(presence.data), range) : []),
    [red.data, presence.data],
  )
  const trendOf = useMemo(() => readTrends(trends.data ? toObjects(trends.data) : [], range, seconds), [trends.data])
  const [find, setFind] = useParam('find')
  const [state, setState] = useParam('state')
  const shown = useMemo(() => search(services, find, state), [services, find, state])
  const fault = red.fault ?? presence.fault
  const ready = !fault && red.data && presence.data
  const clear = () => {
    setFind('', { replace: true })
    setState('', { replace: true })
  }
  return (
    <>
      <TopBar title={t('nav.services')} range busy={red.fetching || presence.fetching} />
      <FilterBar signal="spans">
        <Search typed={find} onType={setFind} />
      </FilterBar>
      <div class="page fixed">
        <Panel
          class="services-list"
          flush
          title={t('services.list')}
          note={ready && services.length > 0 && <Tally services={services} />}
          tools={
            <>
              <Segmented label={t('services.states')} selected={state} onSelect={(id) => setState(id)} items={stateItems(services)} />
              <ShowQuery query={query} />
            </>
          }
        >
          {fault && <Failed fault={fault} retry={() => { red.refetch(); presence.refetch() }} />}
          {!fault && !ready && <Skeleton height={300} />}
          {ready && services.length >= servicesLimit && <p class="banner">{t('services.truncated', { n: servicesLimit })}</p>}
          {ready && shown.length === 0 && <Nothing extra={[find, state && t(`services.state.${state as Service['state']}`)].filter(Boolean).join(' · ')} onClear={clear} />}
          {ready && shown.length > 0 && <Table services={shown} trendOf={trendOf} windowSeconds={Number(range.to - range.from) / 1e9} />}
        </Panel>
      </div>
    </>
  )
}

function Table({ services, trendOf, windowSeconds }: { services: readonly Service[]; trendOf: ReturnType<typeof readTrends>; windowSeconds: number }) {
  const [, navigate] = useLocation()
  const [order, setOrder] = useOrder('sort', '-rate')
  const columns = serviceColumns(trendOf, windowSeconds)
  return (
    <SortTable
      label={t('services.list')} keys rows={services} columns={columns} keyOf={({ name }) => name} order={order} onOrder={setOrder}
      onOpen={({ name }) => navigate(linkTo(servicePath(name)))} rowClass={({ state }) => `service-${state}`}
    />
  )
}

function Search({ typed, onType }: { typed: string; onType: (typed: string, options: { replace: boolean }) => void }) {
  const escape = (event: KeyboardEvent) => {
    if (event.key === 'Escape') (event.currentTarget as HTMLElement).blur()
  }
  return (
    <label class="find-box">
      <Icon name="search" size={13} />
      <input
        class="field small" data-search type="search" value={typed} placeholder={t('services.find')} aria-label={t('services.find')}
        onInput={(event) => onType(event.currentTarget.value, { replace: true })} onKeyDown={escape}
      />
    </label>
  )
}

function stateItems(services: readonly Service[]) {
  const amount = (state: Service['state']) => services.filter((service) => service.state === state).length
  return [
    { id: '', label: t('services.all') },
    { id: 'failing', label: `${t('services.state.failing')} ${amount('failing')}` },
    { id: 'silent', label: `${t('services.state.silent')} ${amount('silent')}` },
  ]
}

function Tally({ services }: { services: readonly Service[] }) {
  return <>{t('services.count', { n: services.length })}</>
}

function Nothing({ extra, onClear }: { extra: string; onClear: () => void }) {
  const status = useStatus()
  const signals = status.data ? Object.values(status.data.signals) : []
  if (signals.length > 0 && signals.every(({ rows, accepted }) => rows === 0 && accepted === 0)) return <NoData />
  return extra ? <NothingMatches extra={extra} onClear={onClear} /> : <NothingMatches />
}
