import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { useLoad, useStatus } from '../../../api/query'
import { Icon } from '../../../components/Icon'
import { Failed, NoData, NothingMatches, Skeleton } from '../../../components/Notice'
import { Panel } from '../../../components/Panel'
import { ShowQuery } from '../../../components/ShowQuery'
import { SortTable, useOrder } from '../../../components/SortTable'
import { t } from '../../../i18n/translate'
import { values } from '../../../promql/client'
import { metricLink } from '../../../promql/ShowPromql'
import { secondsOf } from '../../../promql/steps'
import { FilterBar } from '../../../shell/FilterBar'
import { TopBar } from '../../../shell/TopBar'
import type { Range } from '../../../time/range'
import { setFilters, useFilters, useParam, useRange } from '../../../url/state'
import { catalogueColumns } from './columns'
import { narrow, prefixes, type Family } from './families'
import { namesMost, useCatalogue } from './useCatalogue'

export default function Catalogue({ views }: { views: ComponentChildren }) {
  const { range } = useRange()
  const filters = useFilters()
  const { all, full, query, fault, fetching, refetch } = useCatalogue(range, filters)
  const [find, setFind] = useParam('find')
  const [type, setType] = useParam('type')
  const [prefix, setPrefix] = useParam('prefix')
  const shown = useMemo(() => (all ? narrow(all, { find, type, prefix }) : []), [all, find, type, prefix])
  const clear = () => [setFind, setType, setPrefix].forEach((set) => set('', { replace: true }))
  return (
    <>
      <TopBar title={t('nav.metrics')} range busy={fetching} />
      <FilterBar signal="metrics">
        {views}
        <Search typed={find} onType={setFind} />
        {all && <Choices all={all} range={range} type={type} setType={setType} prefix={prefix} setPrefix={setPrefix} />}
      </FilterBar>
      <div class="page fixed">
        <Panel class="metric-list" flush title={t('metrics.view.catalogue')} note={all && <>{t('metrics.count', { n: shown.length })}</>} tools={<ShowQuery query={query} />}>
          {fault && <Failed fault={fault} retry={refetch} />}
          {!fault && !all && <Skeleton height={320} />}
          {full && <p class="banner">{t('metrics.truncated', { n: namesMost })}</p>}
          {all && !fault && shown.length === 0 && <Nothing extra={[find, type, prefix && `${prefix}_`].filter(Boolean).join(' · ')} onClear={clear} />}
          {all && !fault && shown.length > 0 && <Table shown={shown} range={range} />}
        </Panel>
      </div>
    </>
  )
}

function Table({ shown, range }: { shown: readonly Family[]; range: Range }) {
  const [, navigate] = useLocation()
  const [order, setOrder] = useOrder('sort', 'name')
  const filters = useFilters()
  const columns = useMemo(() => catalogueColumns(range, filters), [range, filters])
  return (
    <SortTable
      label={t('metrics.view.catalogue')} keys rows={shown} columns={columns} keyOf={({ name }) => name} order={order} onOrder={setOrder}
      onOpen={({ name }) => navigate(metricLink(name))}
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
        class="field small" data-search type="search" value={typed} placeholder={t('metrics.find')} aria-label={t('metrics.find')}
        onInput={(event) => onType(event.currentTarget.value, { replace: true })} onKeyDown={escape}
      />
    </label>
  )
}

type Set = (value: string, options?: { replace?: boolean }) => void

interface ChoicesProps {
  all: readonly Family[]
  range: Range
  type: string
  setType: Set
  prefix: string
  setPrefix: Set
}

function Choices({ all, range, type, setType, prefix, setPrefix }: ChoicesProps) {
  const types = useMemo(() => [...new Set(all.map((family) => family.type))].sort(), [all])
  const known = useMemo(() => prefixes(all), [all])
  return (
    <>
      <select class="field small" aria-label={t('metrics.type')} value={type} onChange={({ currentTarget }) => setType(currentTarget.value)}>
        <option value="">{t('metrics.type.all')}</option>
        {types.map((name) => <option key={name} value={name}>{name}</option>)}
      </select>
      <select class="field small" aria-label={t('metrics.prefix')} value={prefix} onChange={({ currentTarget }) => setPrefix(currentTarget.value)}>
        <option value="">{t('metrics.prefix.all')}</option>
        {known.map(({ prefix: name, count }) => <option key={name} value={name}>{name}… ({count})</option>)}
      </select>
      <ServiceChoice range={range} />
    </>
  )
}

// The filter of services that every page has, as a choice of those that send metrics.
function ServiceChoice({ range }: { range: Range }) {
  const filters = useFilters()
  const span = { start: secondsOf(range.from), end: secondsOf(range.to) }
  const names = useLoad(['promql', 'services', span.start, span.end], async (signal) => {
    const [sent, counted] = await Promise.all([values('service_name', { ...span, limit: 1000 }, { signal }), values('service', { ...span, match: ['traces_spanmetrics_calls_total'], limit: 1000 }, { signal })])
    return [...new Set([...sent.data, ...counted.data])].sort()
  })
  const isService = ({ key, op }: { key: string; op: string }) => key === 'service' && op === '='
  const chosen = filters.find(isService)?.value ?? ''
  const choose = (value: string) => {
    const others = filters.filter((filter) => !isService(filter))
    setFilters(value === '' ? others : [...others, { key: 'service', op: '=', value }])
  }
  const offered = chosen !== '' && !names.data?.includes(chosen) ? [chosen, ...(names.data ?? [])] : (names.data ?? [])
  return (
    <select class="field small" aria-label={t('metrics.service')} value={chosen} onChange={({ currentTarget }) => choose(currentTarget.value)}>
      <option value="">{t('metrics.service.all')}</option>
      {offered.map((name) => <option key={name} value={name}>{name}</option>)}
    </select>
  )
}

function Nothing({ extra, onClear }: { extra: string; onClear: () => void }) {
  const status = useStatus()
  const { metrics, spans } = status.data?.signals ?? {}
  if (metrics && spans && metrics.rows + metrics.accepted + spans.rows + spans.accepted === 0) return <NoData />
  return extra ? <NothingMatches extra={extra} onClear={onClear} /> : <NothingMatches />
}
