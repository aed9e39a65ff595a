import { Sparkline } from '../../components/Sparkline'
import { Value } from '../../components/Value'
import type { Column } from '../../components/SortTable'
import { t } from '../../i18n/translate'
import type { Filter } from '../../sql/filter'
import { ago, fullTime } from '../../time/format'
import { toMilliseconds } from '../../time/nanoseconds'
import { asOf } from '../../url/state'
import { ErrorsCell, LatencyCell, RateCell } from './Figures'
import type { Service, ServiceState, Trend } from './fleet'
import { ServiceLink } from './ServiceLink'
import { StateMark, StateTag } from './StateTag'

const urgency: Record<ServiceState, number> = { failing: 3, silent: 2, spanless: 1, receiving: 0 }

// Figures of a service are those of its requests, so the traces they lead to are found by its entry spans.
export function scopeOf({ name, entryKind }: { name: string; entryKind: string | null }): Filter[] {
  const service: Filter = { key: 'service', op: '=', value: name }
  return entryKind === null ? [service] : [service, { key: 'kind', op: '=', value: entryKind }]
}

export function serviceColumns(trendOf: Map<string, Trend>, windowSeconds: number): Column<Service>[] {
  return [
    { id: 'name', label: t('red.service'), track: 'minmax(150px, 2.2fr)', phone: 'minmax(0, 1fr)', by: ({ name }) => name, cell: ({ name, state }) => <><StateMark state={state} /><ServiceLink name={name} /></> },
    { id: 'state', label: t('services.state'), track: 'minmax(136px, 1fr)', by: ({ state, silentFor }) => -urgency[state] * 1e21 - silentFor, cell: ({ state, silentFor }) => <StateTag state={state} silentFor={silentFor} /> },
    { id: 'version', wide: true, label: t('services.version'), track: 'minmax(70px, 0.9fr)', by: ({ version }) => version, cell: ({ version, versions }) => <VersionCell version={version} versions={versions} /> },
    { id: 'trend', label: t('red.trend'), track: '130px', cell: (service) => <TrendCell service={service} trend={trendOf.get(service.name)} /> },
    { id: 'rate', label: t('red.rate'), hint: t('services.rate.hint'), track: 'minmax(92px, 1fr)', phone: '84px', right: true, by: ({ total, own }) => (own ? total : total / 1e12), cell: (service) => <RateCell total={service.total} seconds={windowSeconds} filters={scopeOf(service)} unit={service.own ? '' : 'spans'} /> },
    { id: 'errors', label: t('red.errorRate'), track: 'minmax(104px, 1fr)', phone: '76px', right: true, by: ({ total, failed }) => (total > 0 ? failed / total : null), cell: (service) => <ErrorsCell total={service.total} failed={service.failed} filters={scopeOf(service)} /> },
    { id: 'p50', wide: true, label: 'p50', track: 'minmax(70px, 0.8fr)', right: true, by: ({ p50 }) => p50, cell: (service) => <LatencyCell nanoseconds={service.p50} filters={scopeOf(service)} /> },
    { id: 'p95', label: 'p95', track: 'minmax(70px, 0.8fr)', phone: '62px', right: true, by: ({ p95 }) => p95, cell: (service) => <LatencyCell nanoseconds={service.p95} filters={scopeOf(service)} strong /> },
    { id: 'p99', wide: true, label: 'p99', track: 'minmax(70px, 0.8fr)', right: true, by: ({ p99 }) => p99, cell: (service) => <LatencyCell nanoseconds={service.p99} filters={scopeOf(service)} /> },
    { id: 'seen', wide: true, label: t('red.lastSeen'), track: 'minmax(84px, 0.9fr)', right: true, by: ({ silentFor }) => -silentFor, cell: ({ lastSeen }) => <span class="quiet" title={fullTime(toMilliseconds(lastSeen))}>{ago(toMilliseconds(lastSeen), asOf.value)}</span> },
  ]
}

function TrendCell({ service, trend }: { service: Service; trend: Trend | undefined }) {
  if (trend) return <Sparkline values={trend.values} errors={trend.errors} label={t('red.trendOf', { service: service.name })} width={130} height={22} />
  const others = [service.logs > 0 && t('services.logs', { n: service.logs }), service.points > 0 && t('services.points', { n: service.points })].filter(Boolean).join(', ')
  return <span class="quiet" title={others}>{others || t('red.noneInRange')}</span>
}

function VersionCell({ version, versions }: { version: string | null; versions: number }) {
  if (version === null) return <span class="quiet" title={t('services.noVersion')}>–</span>
  return (
    <>
      <Value field="resource:service.version" value={version} />
      {versions > 1 && <span class="quiet" title={t('services.versions', { n: versions })}> +{versions - 1}</span>}
    </>
  )
}
