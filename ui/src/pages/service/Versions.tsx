import { toObjects } from '../../api/client'
import { useSql } from '../../api/query'
import { Gate } from '../../components/Notice'
import { Panel } from '../../components/Panel'
import { ShowQuery } from '../../components/ShowQuery'
import { SortTable, useOrder, type Column } from '../../components/SortTable'
import { Value } from '../../components/Value'
import { t } from '../../i18n/translate'
import type { Filter } from '../../sql/filter'
import { fullTime } from '../../time/format'
import { parseTime, toMilliseconds } from '../../time/nanoseconds'
import { scopeOf } from '../services/columns'
import { ErrorsCell, LatencyCell, RateCell } from '../services/Figures'
import { readRed, type Red } from '../services/fleet'
import { versionRedQuery } from './queries'
import type { ServiceScope } from './scope'

interface Version extends Red {
  version: string
  first: bigint
  last: bigint
}

// Each version beside the others: a bad deploy shows in its own row.
export function Versions({ scope }: { scope: ServiceScope }) {
  const [order, setOrder] = useOrder('versions', '-since')
  const query = versionRedQuery(scope.range, scope.filters)
  const loaded = useSql(query.text)
  return (
    <Panel title={t('service.versions')} note={t('service.versions.note')} tools={<ShowQuery query={query} />} flush>
      <Gate of={loaded} height={90}>
        {(data) => {
          const rows = toObjects(data).map((row): Version => ({ ...readRed(row), version: String(row['version']), first: parseTime(String(row['first_seen'])), last: parseTime(String(row['last_seen'])) }))
          if (rows.length === 0) return <p class="quiet pad">{t('services.noVersion')}</p>
          return <SortTable label={t('service.versions')} rows={rows} columns={columns(scope)} keyOf={({ version }) => version} order={order} onOrder={setOrder} />
        }}
      </Gate>
    </Panel>
  )
}

function columns(scope: ServiceScope): Column<Version>[] {
  const of = ({ version, entryKind }: Version): Filter[] => [...scopeOf({ name: scope.name, entryKind }), { key: 'resource:service.version', op: '=', value: version }]
  const seconds = ({ first, last }: Version): number => Math.max(1, Number(last - first) / 1e9)
  const time = (nanoseconds: bigint) => <span class="quiet">{fullTime(toMilliseconds(nanoseconds))}</span>
  return [
    { id: 'version', label: t('services.version'), track: 'minmax(120px, 2fr)', phone: 'minmax(0, 1fr)', by: ({ version }) => version, cell: ({ version }) => <Value field="resource:service.version" value={version} class="mono" /> },
    { id: 'since', label: t('service.firstSeen'), track: 'minmax(190px, 1.4fr)', by: ({ first }) => Number(first), cell: ({ first }) => time(first) },
    { id: 'until', wide: true, label: t('red.lastSeen'), track: 'minmax(190px, 1.4fr)', by: ({ last }) => Number(last), cell: ({ last }) => time(last) },
    { id: 'rate', label: t('red.rate'), hint: t('service.versions.rate'), track: 'minmax(70px, 1fr)', right: true, by: (row) => row.total / seconds(row), cell: (row) => <RateCell total={row.total} seconds={seconds(row)} filters={of(row)} /> },
    { id: 'errors', label: t('red.errorRate'), track: 'minmax(100px, 1fr)', phone: '74px', right: true, by: ({ total, failed }) => failed / total, cell: (row) => <ErrorsCell total={row.total} failed={row.failed} filters={of(row)} /> },
    { id: 'p50', wide: true, label: 'p50', track: 'minmax(70px, 0.8fr)', right: true, by: ({ p50 }) => p50, cell: (row) => <LatencyCell nanoseconds={row.p50} filters={of(row)} /> },
    { id: 'p95', label: 'p95', track: 'minmax(70px, 0.8fr)', phone: '64px', right: true, by: ({ p95 }) => p95, cell: (row) => <LatencyCell nanoseconds={row.p95} filters={of(row)} strong /> },
    { id: 'p99', wide: true, label: 'p99', track: 'minmax(70px, 0.8fr)', right: true, by: ({ p99 }) => p99, cell: (row) => <LatencyCell nanoseconds={row.p99} filters={of(row)} /> },
  ]
}
