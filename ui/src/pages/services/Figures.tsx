// Cells that every table of rate, errors and latency shares; each leads to the traces behind it.
import { Link } from 'wouter-preact'
import { Icon } from '../../components/Icon'
import { t } from '../../i18n/translate'
import type { Filter } from '../../sql/filter'
import { count, duration, pace, percent } from '../../time/format'
import { withFilters } from '../../url/state'

export function RateCell({ total, seconds, filters, unit = '' }: { total: number; seconds: number; filters: readonly Filter[]; unit?: string }) {
  if (total === 0) return <span class="quiet">–</span>
  return (
    <Link class="figure" href={withFilters('/traces', filters)} title={t('red.rate.hint', { n: total })}>
      {pace(total, seconds)}{unit && <span class="quiet"> {unit}</span>}
    </Link>
  )
}

export function ErrorsCell({ total, failed, filters }: { total: number; failed: number; filters: readonly Filter[] }) {
  if (total === 0) return <span class="quiet">–</span>
  if (failed === 0) return <span class="quiet">{percent(0)}</span>
  return (
    <Link class="tag error" href={withFilters('/traces', [...filters, { key: 'status', op: '=', value: 'ERROR' }])} title={t('red.errors.hint', { n: failed })}>
      <Icon name="error" size={12} label={t('trace.error')} /> {percent(failed / total)} <span class="extra">· {count(failed)}</span>
    </Link>
  )
}

export function LatencyCell({ nanoseconds, filters, strong = false }: { nanoseconds: number | null; filters: readonly Filter[]; strong?: boolean }) {
  if (nanoseconds === null) return <span class="quiet">–</span>
  const least = `${Math.floor(nanoseconds / 1e3)}us`
  return (
    <Link class={`figure ${strong ? 'strong' : ''}`} href={withFilters('/traces', [...filters, { key: 'duration', op: '>=', value: least }])} title={t('red.latency.hint', { duration: duration(nanoseconds) })}>
      {duration(nanoseconds)}
    </Link>
  )
}

// How much a figure moved since the same hours of the day before.
export function Change({ now, before, moreIsWorse = true }: { now: number | null; before: number | null; moreIsWorse?: boolean }) {
  if (now === null || before === null || before === 0) return <span class="quiet">–</span>
  const ratio = now / before - 1
  if (Math.abs(ratio) < 0.005) return <span class="quiet">=</span>
  const worse = ratio > 0.2 && moreIsWorse
  return (
    <span class={worse ? 'warn-text' : 'quiet'} title={t('red.change.hint')}>
      {ratio > 0 ? '↑' : '↓'} {percent(Math.abs(ratio))}
    </span>
  )
}
