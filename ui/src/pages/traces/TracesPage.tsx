import { useMemo, useState } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { toObjects } from '../../api/client'
import { useSql, useStatus } from '../../api/query'
import { Icon } from '../../components/Icon'
import { Failed, Gate, NoData, NothingMatches, Skeleton } from '../../components/Notice'
import { Panel } from '../../components/Panel'
import { ShowQuery } from '../../components/ShowQuery'
import { Segmented } from '../../components/Tabs'
import { t } from '../../i18n/translate'
import { FilterBar } from '../../shell/FilterBar'
import { TopBar } from '../../shell/TopBar'
import { count } from '../../time/format'
import { bucketSeconds } from '../../time/range'
import { addFilter, linkTo, removeFilter, setRange, useFilters, useParam, useRange } from '../../url/state'
import { Density, type Cell, type Selection } from './Density'
import { densityQuery, listQuery, type Sort } from './queries'
import { TraceTable, type TraceRow } from './TraceTable'
import './traces.css'

const pageSize = 500

export default function TracesPage() {
  const { range } = useRange()
  const filters = useFilters()
  const [sortName, setSort] = useParam('sort', 'newest')
  const [limit, setLimit] = useState(pageSize)
  const sort = sortName as Sort
  const query = listQuery(range, filters, sort, limit)
  const list = useSql(query.text, { limit })
  const rows = useMemo(() => (list.data ? readRows(toObjects(list.data)) : []), [list.data])
  const errorsOnly = filters.find((filter) => filter.key === 'status' && filter.value === 'ERROR' && filter.op === '=')
  const toggleErrors = () => (errorsOnly ? removeFilter(errorsOnly) : addFilter({ key: 'status', op: '=', value: 'ERROR' }))
  return (
    <>
      <TopBar title={t('nav.traces')} range busy={list.fetching} />
      <FilterBar signal="spans">
        <button class="button small" aria-pressed={Boolean(errorsOnly)} onClick={toggleErrors}>
          <Icon name="error" size={13} /> {t('traces.withErrors')}
        </button>
      </FilterBar>
      <div class="page fixed">
        <DensityPanel />
        <Panel
          class="trace-list"
          flush
          title={t('traces.list')}
          note={list.data && (rows.length >= limit ? t('traces.firstOf', { n: rows.length }) : t('traces.count', { n: rows.length }))}
          tools={
            <>
              <Segmented label={t('traces.sort')} selected={sort} onSelect={(id) => setSort(id)} items={sortItems()} />
              <ShowQuery query={query} />
            </>
          }
        >
          {list.fault && <Failed fault={list.fault} retry={list.refetch} />}
          {!list.fault && !list.data && <Skeleton height={240} />}
          {!list.fault && list.data && rows.length === 0 && <Nothing />}
          {!list.fault && rows.length > 0 && (
            <TraceTable rows={rows} more={rows.length >= limit ? () => setLimit(limit + pageSize) : null} />
          )}
        </Panel>
      </div>
    </>
  )
}

const sortItems = () => [
  { id: 'newest' as const, label: t('traces.sort.newest') },
  { id: 'slowest' as const, label: t('traces.sort.slowest') },
  { id: 'errors' as const, label: t('traces.sort.errors') },
  { id: 'spans' as const, label: t('traces.sort.spans') },
]

function readRows(objects: ReturnType<typeof toObjects>): TraceRow[] {
  return objects.map((row) => ({
    id: String(row['trace_id']),
    started: String(row['started']),
    duration: Number(row['duration_ns']),
    spans: Number(row['spans']),
    services: Number(row['services']),
    errors: Number(row['errors']),
    name: String(row['root_name'] ?? ''),
    service: String(row['root_service'] ?? ''),
    status: row['root_status'] === null || row['root_status'] === undefined ? '' : String(row['root_status']),
  }))
}

function Nothing() {
  const status = useStatus()
  return status.data?.signals.spans.rows === 0 ? <NoData /> : <NothingMatches />
}

function DensityPanel() {
  const { range } = useRange()
  const filters = useFilters()
  const [, navigate] = useLocation()
  const seconds = bucketSeconds(range, 120)
  const query = densityQuery(range, filters, seconds)
  const loaded = useSql(query.text)
  const cells = useMemo<Cell[]>(
    () =>
      loaded.data
        ? toObjects(loaded.data).map((row) => ({
            second: Number(row['second']),
            level: Number(row['level']),
            traces: Number(row['traces']),
            errors: Number(row['errors']),
            slowest: String(row['slowest']),
          }))
        : [],
    [loaded.data],
  )
  const total = cells.reduce((sum, cell) => sum + cell.traces, 0)
  const failed = cells.reduce((sum, cell) => sum + cell.errors, 0)
  const select = ({ from, to, shortest, longest }: Selection) => {
    setRange({ kind: 'absolute', from, to })
    addFilter({ key: 'duration', op: '>=', value: shortest })
    addFilter({ key: 'duration', op: '<=', value: longest })
  }
  return (
    <Panel
      title={t('traces.density')}
      note={
        <>
          {t('traces.density.note', { traces: count(total), errors: count(failed) })} <span class="hide-phone">· {t('traces.density.hint')}</span>
        </>
      }
      tools={<ShowQuery query={query} />}
    >
      <Gate of={loaded} height={170}>
        {() => (
          <Density cells={cells} range={range} seconds={seconds} onOpen={(id) => navigate(linkTo(`/trace/${id}`))} onSelect={select} />
        )}
      </Gate>
    </Panel>
  )
}
