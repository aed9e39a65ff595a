import { useMemo } from 'preact/hooks'
import { useLoad } from '../../../api/query'
import { Icon } from '../../../components/Icon'
import { Failed, Skeleton } from '../../../components/Notice'
import { t } from '../../../i18n/translate'
import { TopBar } from '../../../shell/TopBar'
import { useParam } from '../../../url/state'
import type { SpanRecord } from '../formats/record'
import { TraceBody } from '../TraceBody'
import { ErrorTag, rootName } from '../TraceFacts'
import type { Trace } from '../trace'
import { OpenFile } from './OpenFile'
import { latestFile } from './uploads'

interface OneTrace {
  traceId: string
  records: SpanRecord[]
}

interface Opened {
  name: string
  traces: OneTrace[]
  layOut: (records: readonly SpanRecord[]) => Trace
}

async function readLatest(): Promise<Opened | null> {
  const file = await latestFile()
  if (!file) return null
  const [{ readFile, tracesOf }, { traceOfRecords }] = await Promise.all([import('../formats/formats'), import('../formats/record')])
  return { name: file.name, traces: tracesOf(readFile(file.text)), layOut: traceOfRecords }
}

// A trace from a file: everything is computed here, so nothing about it leaves the browser.
export function FileTrace() {
  const [stamp] = useParam('opened')
  const [wanted, setWanted] = useParam('trace')
  const { data, fault } = useLoad(['trace file', stamp], readLatest, { keepPrevious: false })
  const one = data?.traces.find(({ traceId }) => traceId === wanted) ?? data?.traces[0]
  const trace = useMemo(() => (data && one ? data.layOut(one.records) : null), [data, one])
  return (
    <>
      <TopBar title={trace ? rootName(trace.tree) : t('trace.file')}>
        {data && <span class="tag"><Icon name="text" size={12} /> {t('trace.file.of', { name: data.name })}</span>}
        {trace && <ErrorTag tree={trace.tree} />}
        {data && one && data.traces.length > 1 && (
          <select class="field small" aria-label={t('trace.file.choose')} value={one.traceId} onChange={(event) => setWanted(event.currentTarget.value)}>
            {data.traces.map(({ traceId, records }) => (
              <option key={traceId} value={traceId}>{traceId.slice(0, 16)} · {records.length}</option>
            ))}
          </select>
        )}
        <span class="grow" />
      </TopBar>
      {fault && <Failed fault={fault} />}
      {data === undefined && !fault && <div class="page"><Skeleton height={300} /></div>}
      {data === null && (
        <div class="notice">
          <Icon name="empty" size={26} />
          <strong>{t('trace.file.none')}</strong>
          <OpenFile />
        </div>
      )}
      {trace && one && <TraceBody key={one.traceId} source={{ traceId: one.traceId, records: one.records }} trace={trace} partial={false} />}
    </>
  )
}
