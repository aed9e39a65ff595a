import { useMemo } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { toObjects, type Row } from '../../api/client'
import type { SqlValue } from '../../api/types'
import { useSql } from '../../api/query'
import { Gate, NothingMatches } from '../../components/Notice'
import { Panel } from '../../components/Panel'
import { ShowQuery } from '../../components/ShowQuery'
import { SortTable, useOrder, type Column } from '../../components/SortTable'
import { Value } from '../../components/Value'
import { t } from '../../i18n/translate'
import type { Filter } from '../../sql/filter'
import { duration, percent } from '../../time/format'
import { withFilters } from '../../url/state'
import { Change, ErrorsCell, LatencyCell, RateCell } from '../services/Figures'
import { operationsLimit, operationsQuery } from './queries'
import type { ServiceScope } from './scope'
import { dayBefore } from './trend'

interface Operation {
  name: string
  kind: string
  calls: number
  failed: number
  p50: number
  p95: number
  p99: number
  total: number
  before: { calls: number; p95: number } | null
}

function read(rows: readonly Row[], earlier: readonly Row[]): Operation[] {
  const key = (row: Row): string => `${row['kind']} ${row['name']}`
  const past = new Map(earlier.map((row) => [key(row), row]))
  const quantile = (row: Row, place: number): number => Number((row['quantiles'] as SqlValue[])[place] ?? 0)
  return rows.map((row) => {
    const old = past.get(key(row))
    return {
      name: String(row['name'] ?? ''), kind: String(row['kind'] ?? ''),
      calls: Number(row['calls']), failed: Number(row['failed']), total: Number(row['total_ns']),
      p50: quantile(row, 0), p95: quantile(row, 1), p99: quantile(row, 2),
      before: old ? { calls: Number(old['calls']), p95: quantile(old, 1) } : null,
    }
  })
}

export function Operations({ scope }: { scope: ServiceScope }) {
  const { range, filters, compare } = scope
  const [, navigate] = useLocation()
  const [order, setOrder] = useOrder('sort', '-total')
  const query = operationsQuery(range, filters)
  const loaded = useSql(query.text)
  const earlier = useSql(compare ? operationsQuery(dayBefore(range), filters).text : null)
  const rows = useMemo(() => read(loaded.data ? toObjects(loaded.data) : [], compare && earlier.data ? toObjects(earlier.data) : []), [loaded.data, earlier.data, compare])
  const sum = rows.reduce((total, row) => total + row.total, 0)
  const scopeOf = ({ name, kind }: Operation): Filter[] => [{ key: 'service', op: '=', value: scope.name }, { key: 'name', op: '=', value: name }, { key: 'kind', op: '=', value: kind }]
  return (
    <Panel title={t('service.operations')} note={loaded.data && t('service.operations.count', { n: rows.length })} tools={<ShowQuery query={query} />} flush>
      <Gate of={loaded} height={220}>
        {() =>
          rows.length === 0 ? <NothingMatches /> : (
            <>
              {rows.length >= operationsLimit && <p class="banner">{t('service.firstOf', { n: operationsLimit })}</p>}
              <SortTable
                label={t('service.operations')} keys rows={rows} columns={columns(scope, scopeOf, sum)} keyOf={({ name, kind }) => `${kind} ${name}`}
                order={order} onOrder={setOrder} onOpen={(row) => navigate(withFilters('/traces', scopeOf(row)))}
              />
            </>
          )}
      </Gate>
    </Panel>
  )
}

function columns({ seconds, compare }: ServiceScope, scopeOf: (row: Operation) => Filter[], sum: number): Column<Operation>[] {
  const change: Column<Operation>[] = compare
    ? [{ id: 'change', label: t('service.p95Change'), track: '88px', right: true, by: ({ p95, before }) => (before && before.p95 > 0 ? p95 / before.p95 : null), cell: ({ p95, before }) => <Change now={p95} before={before?.p95 ?? null} /> }]
    : []
  return [
    { id: 'name', label: t('service.operation'), track: 'minmax(160px, 3fr)', phone: 'minmax(0, 1fr)', by: ({ name }) => name, cell: ({ name }) => <Value field="name" value={name} class="cut" /> },
    { id: 'kind', label: t('service.kind'), track: '86px', by: ({ kind }) => kind, cell: ({ kind }) => <Value field="kind" value={kind}><span class="tag">{kind}</span></Value> },
    { id: 'rate', label: t('service.calls'), track: 'minmax(70px, 1fr)', phone: '76px', right: true, by: ({ calls }) => calls, cell: (row) => <RateCell total={row.calls} seconds={seconds} filters={scopeOf(row)} /> },
    { id: 'errors', label: t('red.errorRate'), track: 'minmax(100px, 1fr)', phone: '72px', right: true, by: ({ calls, failed }) => failed / calls, cell: (row) => <ErrorsCell total={row.calls} failed={row.failed} filters={scopeOf(row)} /> },
    { id: 'p50', wide: true, label: 'p50', track: 'minmax(70px, 0.8fr)', right: true, by: ({ p50 }) => p50, cell: (row) => <LatencyCell nanoseconds={row.p50} filters={scopeOf(row)} /> },
    { id: 'p95', label: 'p95', track: 'minmax(70px, 0.8fr)', phone: '60px', right: true, by: ({ p95 }) => p95, cell: (row) => <LatencyCell nanoseconds={row.p95} filters={scopeOf(row)} strong /> },
    ...change,
    { id: 'p99', wide: true, label: 'p99', track: 'minmax(70px, 0.8fr)', right: true, by: ({ p99 }) => p99, cell: (row) => <LatencyCell nanoseconds={row.p99} filters={scopeOf(row)} /> },
    { id: 'total', label: t('service.total'), hint: t('service.total.hint'), track: 'minmax(110px, 1fr)', right: true, by: ({ total }) => total, cell: ({ total }) => <>{duration(total)} <span class="quiet">{percent(sum > 0 ? total / sum : 0)}</span></> },
  ]
}
