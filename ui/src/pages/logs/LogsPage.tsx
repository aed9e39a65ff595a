import { useEffect, useState } from 'preact/hooks'
import { useStatus } from '../../api/query'
import { Icon } from '../../components/Icon'
import { Failed, NoData, NothingMatches, Skeleton } from '../../components/Notice'
import { ShowQuery } from '../../components/ShowQuery'
import { t } from '../../i18n/translate'
import { FilterBar } from '../../shell/FilterBar'
import { useKeys } from '../../shell/keys'
import { TopBar } from '../../shell/TopBar'
import { count } from '../../time/format'
import { useFilters, useParam, useRange } from '../../url/state'
import { ContextDialog } from './ContextDialog'
import { Facets } from './Facets'
import { Histogram } from './Histogram'
import { LogList } from './LogList'
import { pageQuery, type LogScope } from './queries'
import { useLogPages, useTail, type LogRecord, type Tail } from './records'
import './logs.css'

export default function LogsPage() {
  const { range } = useRange()
  const filters = useFilters()
  const [search, setSearch] = useParam('q')
  const [live, setLive] = useParam('live')
  const [wrap, setWrap] = useParam('wrap')
  const [around, setAround] = useState<LogRecord | null>(null)
  const scope: LogScope = { range, filters, search }
  const pages = useLogPages(scope)
  const tail = useTail(live ? tailPath(search, filters) : null)
  useKeys({ '.': () => setLive(live ? '' : '1') })
  return (
    <>
      <TopBar title={t('nav.logs')} range busy={pages.loading && !live} />
      <FilterBar signal="logs">
        <SearchBox value={search} onSearch={setSearch} />
        <button class="button small" aria-pressed={Boolean(live)} onClick={() => setLive(live ? '' : '1')}>
          <Icon name="live" size={14} /> {t('logs.live')} <kbd class="hide-phone">.</kbd>
        </button>
        <button class="button small plain" aria-pressed={Boolean(wrap)} onClick={() => setWrap(wrap ? '' : '1', { replace: true })}>
          {t('logs.wrap')}
        </button>
      </FilterBar>
      <div class="page fixed logs">
        {!live && <Histogram scope={scope} />}
        <div class="logs-body">
          {!live && <Facets scope={scope} />}
          <section class="panel log-panel" aria-label={t('nav.logs')}>
            {live ? (
              <LiveList tail={tail} wrap={wrap !== ''} onContext={setAround} />
            ) : (
              <StoredList scope={scope} pages={pages} wrap={wrap !== ''} onContext={setAround} clearSearch={() => setSearch('')} />
            )}
          </section>
        </div>
      </div>
      {around && <ContextDialog record={around} close={() => setAround(null)} />}
    </>
  )
}

// The tail endpoint narrows by service and substring only; a service chip is the one filter it knows.
function tailPath(search: string, filters: LogScope['filters']): string {
  const params = new URLSearchParams({ signal: 'logs' })
  const service = filters.find((filter) => filter.key === 'service' && filter.op === '=')
  if (service) params.set('service', service.value)
  if (filters.some((filter) => filter.key === 'severity' && ['ERROR', 'FATAL'].includes(filter.value))) params.set('errors', 'true')
  if (search) params.set('q', search)
  return `api/tail?${params}`
}

function SearchBox({ value, onSearch }: { value: string; onSearch: (text: string) => void }) {
  const [typed, setTyped] = useState(value)
  useEffect(() => setTyped(value), [value])
  useEffect(() => {
    const timer = setTimeout(() => typed !== value && onSearch(typed), 350)
    return () => clearTimeout(timer)
  }, [typed])
  const submit = (event: Event) => {
    event.preventDefault()
    onSearch(typed)
  }
  return (
    <form class="log-search" role="search" onSubmit={submit}>
      <Icon name="search" size={14} />
      <input class="field" type="search" data-search value={typed} placeholder={t('logs.search')} aria-label={t('logs.search')} onInput={(event) => setTyped(event.currentTarget.value)} />
    </form>
  )
}

interface ListProps {
  wrap: boolean
  onContext: (record: LogRecord) => void
}

interface StoredProps extends ListProps {
  scope: LogScope
  pages: ReturnType<typeof useLogPages>
  clearSearch: () => void
}

function StoredList({ scope, pages, wrap, onContext, clearSearch }: StoredProps) {
  const status = useStatus()
  if (pages.fault && pages.records.length === 0) return <Failed fault={pages.fault} retry={pages.reload} />
  if (pages.records.length === 0 && pages.loading) return <Skeleton height={300} />
  if (pages.records.length === 0) {
    if (status.data?.signals.logs.rows === 0) return <NoData />
    return <NothingMatches {...(scope.search ? { extra: scope.search, onClear: clearSearch } : {})} />
  }
  return (
    <>
      <div class="log-head">
        <span class="num">{t('logs.loaded', { n: pages.records.length })}</span>
        <span class="push" />
        <ShowQuery query={pageQuery(scope, null)} />
      </div>
      <LogList records={pages.records} wrap={wrap} onContext={onContext} onEnd={pages.loadOlder} end={<ListEnd pages={pages} />} />
    </>
  )
}

function ListEnd({ pages }: { pages: ReturnType<typeof useLogPages> }) {
  if (pages.fault) return <Failed fault={pages.fault} retry={pages.reload} />
  return <p class="log-end quiet">{pages.complete ? t('logs.end') : t('logs.loadingOlder')}</p>
}

function LiveList({ tail, wrap, onContext }: ListProps & { tail: Tail }) {
  useKeys({ ' ': () => tail.setPaused(!tail.paused) })
  return (
    <>
      <div class="log-head">
        <i class={`flow-light ${tail.paused ? '' : 'on'}`} />
        <span class="num" role="status">
          {tail.paused ? t('logs.paused', { n: tail.buffered }) : t('logs.tailing', { n: tail.records.length })}
        </span>
        <button class="button small" aria-pressed={tail.paused} onClick={() => tail.setPaused(!tail.paused)}>
          <Icon name={tail.paused ? 'play' : 'pause'} size={13} />
          {tail.paused ? t('logs.resume') : t('logs.pause')}
          {tail.buffered > 0 && <b class="num">+{count(tail.buffered)}</b>}
        </button>
        {tail.dropped > 0 && (
          <span class="tag warn">
            <Icon name="warn" size={12} /> {t('logs.dropped', { n: tail.dropped })}
          </span>
        )}
      </div>
      {tail.records.length === 0 ? (
        <div class="notice">
          <Icon name="live" size={26} />
          <strong>{t('logs.waiting')}</strong>
          <p>{t('logs.waiting.hint')}</p>
        </div>
      ) : (
        <LogList records={tail.records} wrap={wrap} onContext={onContext} onEnd={() => undefined} end={null} />
      )}
    </>
  )
}
