// What happened around one record: its neighbours of the same instance, service, or all, as far as one scrolls both ways.
import { useMemo, useState } from 'preact/hooks'
import { Failed, Skeleton } from '../../../components/Notice'
import { ShowQuery } from '../../../components/ShowQuery'
import { Segmented } from '../../../components/Tabs'
import { t } from '../../../i18n/translate'
import { Dialog } from '../../../shell/Dialog'
import type { Filter } from '../../../sql/filter'
import { LogList } from '../list/LogList'
import { pageQuery, type LogScope } from '../queries'
import { instanceOf, type LogRecord } from '../record'
import { SearchBox } from '../search/SearchBox'
import { parseSearch, wordsOf } from '../search/parse'
import { useLogPages, type LogPages } from '../usePages'

type Whose = 'instance' | 'service' | 'trace' | 'all'

const day = 86_400_000_000_000n

export function ContextDialog({ record, close }: { record: LogRecord; close: () => void }) {
  const instance = instanceOf(record)
  const [whose, setWhose] = useState<Whose>(instance ? 'instance' : 'service')
  const [search, setSearch] = useState('')
  const [wrap, setWrap] = useState(false)
  const scope = useMemo((): LogScope => ({ range: { from: record.time - day, to: record.time + day }, filters: filtersOf(record, whose), search }), [record, whose, search])
  const pages = useLogPages(scope, record.time)
  const records = useMemo(() => withRecord(pages, record), [pages.records, record])
  const words = useMemo(() => wordsOf(parseSearch(search)), [search])
  const marked = records.find((other) => same(other, record))
  const goTo = useMemo(() => marked?.key, [pages.goTo])
  const items: { id: Whose; label: string }[] = [
    ...(instance ? [{ id: 'instance' as const, label: t('logs.context.instance', { name: instance.value.slice(0, 40) }) }] : []),
    { id: 'service', label: record.service || '∅' },
    ...(record.traceId ? [{ id: 'trace' as const, label: t('logs.context.trace') }] : []),
    { id: 'all', label: t('logs.context.all') },
  ]
  return (
    <Dialog title={t('logs.context')} close={close}>
      <div class="context">
        <div class="row wrap">
          <Segmented label={t('logs.context')} selected={whose} onSelect={setWhose} items={items} />
          <SearchBox value={search} onSearch={setSearch} label={t('logs.context.search')} />
          <button class="button small plain" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>{t('logs.wrap')}</button>
          <span class="push" />
          <ShowQuery query={pageQuery(scope, 'older', record.time + 1n)} />
        </div>
        {pages.fault && <Failed fault={pages.fault} retry={pages.reload} />}
        {pages.records.length === 0 && pages.loading ? <Skeleton height={300} /> : (
          <LogList
            records={records} wrap={wrap} words={words} onContext={null} keys={false}
            {...(marked ? { marked: marked.key } : {})} {...(goTo ? { goTo } : {})}
            onEnd={pages.loadOlder} onStart={pages.loadNewer}
            start={<p class="log-end quiet">{t(pages.newer ? 'logs.loadingNewer' : 'logs.context.first')}</p>}
            end={<p class="log-end quiet">{t(pages.older ? 'logs.loadingOlder' : 'logs.context.last')}</p>}
          />
        )}
      </div>
    </Dialog>
  )
}

function filtersOf(record: LogRecord, whose: Whose): Filter[] {
  const service: Filter = { key: 'service', op: '=', value: record.service }
  const instance = instanceOf(record)
  if (whose === 'trace' && record.traceId) return [{ key: 'trace_id', op: '=', value: record.traceId }]
  if (whose === 'all') return []
  return whose === 'instance' && instance ? [service, { key: instance.key, op: '=', value: instance.value }] : [service]
}

const same = (one: LogRecord, other: LogRecord): boolean => one.time === other.time && one.body === other.body && one.service === other.service && one.spanId === other.spanId

// A search of its own leaves the record itself where it is, as long as its place is among those that are held.
function withRecord({ records, older, newer }: LogPages, record: LogRecord): readonly LogRecord[] {
  if (records.some((other) => same(other, record))) return records
  const place = records.findIndex(({ time }) => time < record.time)
  if ((place === 0 && newer) || (place < 0 && older && records.length > 0)) return records
  const at = place < 0 ? records.length : place
  return [...records.slice(0, at), record, ...records.slice(at)]
}
