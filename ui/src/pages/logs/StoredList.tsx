import { ExportMenu } from '../../components/ExportMenu'
import { Icon } from '../../components/Icon'
import { Failed, Skeleton } from '../../components/Notice'
import { ShowQuery } from '../../components/ShowQuery'
import { t } from '../../i18n/translate'
import { stamp } from '../../time/format'
import { LogList } from './list/LogList'
import { Nothing } from './Nothing'
import { setStart } from './parameters'
import { exportQuery, momentMost, pageQuery, type LogScope } from './queries'
import type { LogRecord } from './record'
import type { LogPages, Start } from './usePages'

interface StoredListProps {
  scope: LogScope
  pages: LogPages
  start: Start
  wrap: boolean
  columns: readonly string[]
  words: readonly string[]
  seen: bigint | null
  onSeen: (record: LogRecord) => void
  onContext: (record: LogRecord) => void
  onSearch: (search: string) => void
}

export function StoredList({ scope, pages, start, wrap, columns, words, seen, onSeen, onContext, onSearch }: StoredListProps) {
  const { records, fault, loading, reload } = pages
  if (fault && records.length === 0) return <Failed fault={fault} retry={reload} />
  if (records.length === 0 && loading) return <Skeleton height={300} />
  if (records.length === 0) return <Nothing scope={scope} onSearch={onSearch} />
  const toNewest = () => (start === 'newest' ? reload() : setStart('newest'))
  const toOldest = () => (start === 'oldest' ? reload() : setStart('oldest'))
  return (
    <>
      <div class="log-head">
        <span class="num" aria-live="off">{t('logs.at', { time: stamp(seen ?? records[0]?.time ?? 0n) })}</span>
        <button class="button small plain" onClick={toNewest} disabled={!pages.newer && start === 'newest' && seen === records[0]?.time}>
          <Icon name="up" size={13} /> {t('logs.toNewest')}
        </button>
        <button class="button small plain" onClick={toOldest}>
          <Icon name="down" size={13} /> {t('logs.toOldest')}
        </button>
        {pages.crowded !== null && (
          <span class="tag warn">
            <Icon name="warn" size={12} /> {t('logs.crowded', { n: momentMost, time: stamp(pages.crowded) })}
          </span>
        )}
        <span class="push" />
        <ExportMenu query={() => exportQuery(scope).text} name="luneta-logs" />
        <ShowQuery query={pageQuery(scope, 'older', null)} />
      </div>
      <LogList
        records={records} wrap={wrap} columns={columns} words={words} onContext={onContext} onTop={onSeen}
        onEnd={pages.loadOlder} onStart={pages.loadNewer} onNewest={toNewest} onOldest={toOldest}
        {...(pages.goTo ? { goTo: pages.goTo } : {})} {...(pages.goTo && typeof start === 'bigint' ? { marked: pages.goTo } : {})}
        start={pages.newer && <p class="log-end quiet">{t('logs.loadingNewer')}</p>}
        end={fault ? <Failed fault={fault} retry={reload} /> : <p class="log-end quiet">{t(pages.older ? 'logs.loadingOlder' : 'logs.end')}</p>}
      />
    </>
  )
}
