import type { ComponentChildren } from 'preact'
import type { Fault } from '../api/types'
import type { Loaded } from '../api/query'
import type { Filter } from '../sql/filter'
import { t } from '../i18n/translate'
import { linkTo, removeFilter, setRange, useFilters } from '../url/state'
import { Link } from 'wouter-preact'
import { Icon } from './Icon'

export function Failed({ fault, retry }: { fault: Fault; retry?: () => void }) {
  return (
    <div class="notice failed" role="alert">
      <Icon name="error" size={26} />
      <strong>{t(`fault.${fault.kind}`)}</strong>
      <p class="mono">{fault.message}</p>
      {retry && (
        <button class="button" onClick={retry}>
          <Icon name="refresh" /> {t('shell.retry')}
        </button>
      )}
    </div>
  )
}

export function NoData() {
  return (
    <div class="notice">
      <Icon name="plug" size={26} />
      <strong>{t('notice.noData')}</strong>
      <p>{t('notice.noData.hint')}</p>
      <Link class="button primary" href={linkTo('/connect', {}, [])}>
        {t('notice.connect')}
      </Link>
    </div>
  )
}

// Nothing in this range under these filters: names what narrows, and offers to undo it.
export function NothingMatches({ extra, onClear }: { extra?: string; onClear?: () => void }) {
  const filters = useFilters()
  return (
    <div class="notice">
      <Icon name="empty" size={26} />
      <strong>{t('notice.nothing')}</strong>
      <p>{filters.length > 0 || extra ? t('notice.nothing.filters') : t('notice.nothing.range')}</p>
      <div class="row wrap">
        {extra && (
          <button class="button small" onClick={onClear}>
            <Icon name="close" size={13} /> {extra}
          </button>
        )}
        {filters.map((filter) => (
          <RemoveFilter key={filter.key + filter.op + filter.value} filter={filter} />
        ))}
        <button class="button small" onClick={() => setRange({ kind: 'relative', span: '7d' })}>
          <Icon name="clock" size={13} /> {t('notice.widen')}
        </button>
      </div>
    </div>
  )
}

function RemoveFilter({ filter }: { filter: Filter }) {
  return (
    <button class="button small" onClick={() => removeFilter(filter)}>
      <Icon name="close" size={13} /> {filter.key} {filter.op} {filter.value.slice(0, 60)}
    </button>
  )
}

export function Skeleton({ height = 120 }: { height?: number }) {
  return <div class="skeleton" style={{ height: `${height}px` }} role="status" aria-label={t('shell.loading')} />
}

// Draws the content when it is there, and otherwise says what is happening.
export function Gate<T>(props: { of: Loaded<T>; height?: number; children: (data: T) => ComponentChildren }) {
  const { of: loaded, height, children } = props
  if (loaded.fault) return <Failed fault={loaded.fault} retry={loaded.refetch} />
  if (loaded.data === undefined) return <Skeleton {...(height ? { height } : {})} />
  return <>{children(loaded.data)}</>
}

export function LoadingBar({ on }: { on: boolean }) {
  return <div class={`loading-bar ${on ? 'on' : ''}`} aria-hidden="true" />
}
