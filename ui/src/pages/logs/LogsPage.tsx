import { useMemo, useState } from 'preact/hooks'
import { useFieldActions, type FieldAction } from '../../components/Value'
import { Icon } from '../../components/Icon'
import { lazy } from '../../components/lazy'
import { t } from '../../i18n/translate'
import { FilterBar } from '../../shell/FilterBar'
import { useKeys } from '../../shell/keys'
import { TopBar } from '../../shell/TopBar'
import { clock } from '../../time/format'
import { fromMilliseconds, toMilliseconds } from '../../time/nanoseconds'
import { bucketSeconds } from '../../time/range'
import { setParams, useFilters, useParam, useRange } from '../../url/state'
import { Histogram } from './chart/Histogram'
import { Facets } from './facets/Facets'
import { setStart, toggleColumn, useColumns, useStart } from './parameters'
import type { LogScope } from './queries'
import type { LogRecord } from './record'
import { SearchBox } from './search/SearchBox'
import { parseSearch, wordsOf } from './search/parse'
import { StoredList } from './StoredList'
import { LiveList } from './tail/LiveList'
import { useTail } from './tail/useTail'
import { useLogPages } from './usePages'
import { Views } from './views/Views'
import './logs.css'

const ContextDialog = lazy(async () => (await import('./context/ContextDialog')).ContextDialog, null)
const Patterns = lazy(async () => (await import('./patterns/Patterns')).Patterns)
const MetricDialog = lazy(async () => (await import('./metric/MetricDialog')).MetricDialog, null)

export default function LogsPage() {
  const { range } = useRange()
  const filters = useFilters()
  const [search, setSearch] = useParam('q')
  const [live, setLive] = useParam('live')
  const [wrap, setWrap] = useParam('wrap')
  const [by, setBy] = useParam('by', 'severity')
  const [kinds, setKinds] = useParam('patterns')
  const [open, setOpen] = useState<LogRecord | 'metric' | null>(null)
  const [seen, setSeen] = useState<bigint | null>(null)
  const columns = useColumns()
  const start = useStart()
  const scope = useMemo((): LogScope => ({ range, filters, search }), [range, filters, search])
  const words = useMemo(() => wordsOf(parseSearch(search)), [search])
  const pages = useLogPages(scope, start, !live)
  const tail = useTail(live !== '', search, filters)
  const findPattern = (found: string) => setParams((params) => {
    params.delete('patterns')
    params.set('q', found)
  })
  const toggleLive = () => setLive(live ? '' : '1')
  useKeys({ '.': toggleLive, w: () => setWrap(wrap ? '' : '1', { replace: true }) })
  useFieldActions(useMemo(() => fieldActions(columns, by, setBy), [columns, by]))
  const marker = useMemo(() => (seen === null ? null : { time: toMilliseconds(seen) / 1000, label: clock(toMilliseconds(seen)) }), [seen])
  return (
    <>
      <TopBar title={t('nav.logs')} range busy={pages.loading && !live} />
      <FilterBar signal="logs">
        <SearchBox value={search} onSearch={setSearch} main />
        <button class="button small" aria-pressed={Boolean(live)} onClick={toggleLive}>
          <Icon name="live" size={14} /> {t('logs.live')} <kbd class="hide-phone">.</kbd>
        </button>
        <button class="button small plain" aria-pressed={Boolean(wrap)} onClick={() => setWrap(wrap ? '' : '1', { replace: true })}>
          {t('logs.wrap')}
        </button>
        <button class="button small plain" aria-pressed={Boolean(kinds)} onClick={() => setKinds(kinds ? '' : '1')}>
          {t('logs.patterns')}
        </button>
        <Views />
      </FilterBar>
      <div class="page fixed logs">
        {!live && (
          <Histogram
            scope={scope} by={by} onUngroup={() => setBy('')} seen={marker}
            onPick={(second) => setStart(fromMilliseconds((second + bucketSeconds(range, 110)) * 1000) - 1n)}
            tools={<button class="button small plain" onClick={() => setOpen('metric')}><Icon name="chart" size={13} /> {t('logs.metric')}</button>}
          />
        )}
        <div class="logs-body">
          {!live && <Facets scope={scope} />}
          <section class="panel log-panel" aria-label={t('nav.logs')}>
            {kinds ? (
              <Patterns scope={scope} onSearch={findPattern} />
            ) : live ? (
              <LiveList tail={tail} wrap={wrap !== ''} columns={columns} words={words} onContext={setOpen} />
            ) : (
              <StoredList
                scope={scope} pages={pages} start={start} wrap={wrap !== ''} columns={columns} words={words} seen={seen}
                onSeen={({ time }) => setSeen(time)} onContext={setOpen} onSearch={setSearch}
              />
            )}
          </section>
        </div>
      </div>
      {open === 'metric' && <MetricDialog scope={scope} by={by} close={() => setOpen(null)} />}
      {open && open !== 'metric' && <ContextDialog record={open} close={() => setOpen(null)} />}
    </>
  )
}

// What has a column of its own in every line.
const shownAnyway = new Set(['time', 'severity', 'service', 'body'])
const uncounted = new Set(['time', 'body'])

function fieldActions(columns: readonly string[], by: string, setBy: (field: string) => void): FieldAction[] {
  return [
    { icon: 'chart', label: (field) => (uncounted.has(field) ? null : field === by ? t('logs.chart.ungroup') : t('logs.chart.group')), act: (field) => setBy(field === by ? '' : field) },
    { icon: 'table', label: (field) => (shownAnyway.has(field) ? null : t(columns.includes(field) ? 'logs.column.hide' : 'logs.column.show')), act: toggleColumn },
  ]
}
