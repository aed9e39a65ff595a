import { useMemo, useRef } from 'preact/hooks'
import { runSql, toObjects } from '../../../api/client'
import { useLoad } from '../../../api/query'
import { CopyButton } from '../../../components/Copy'
import { Icon } from '../../../components/Icon'
import { Gate } from '../../../components/Notice'
import { ShowQuery } from '../../../components/ShowQuery'
import { Segmented } from '../../../components/Tabs'
import { useVirtual } from '../../../components/virtual'
import { t } from '../../../i18n/translate'
import { bytes } from '../../../time/format'
import { useParam } from '../../../url/state'
import { download } from '../download'
import { OpenFile } from '../file/OpenFile'
import { formats, writeAs, type FormatId } from '../formats/formats'
import { readRow, type SpanRecord } from '../formats/record'
import type { ViewProps } from '../LazyView'
import { recordsQuery } from '../source'
import './json.css'

const mostSpans = 10_000
const mostLines = 200_000 // browsers cannot scroll much higher boxes

export default function JsonView({ source }: ViewProps) {
  const query = recordsQuery(source.traceId, mostSpans)
  const loaded = useLoad<readonly SpanRecord[]>(['trace records', source.traceId, source.records === null], async (signal) => {
    return source.records ?? toObjects(await runSql(query.text, { limit: mostSpans, signal })).map(readRow)
  }, { keepPrevious: false })
  return (
    <section class="panel trace-json">
      <Gate of={loaded} height={260}>
        {(records) => <Written records={records} traceId={source.traceId} query={source.records ? null : query} />}
      </Gate>
    </section>
  )
}

interface WrittenProps {
  records: readonly SpanRecord[]
  traceId: string
  query: ReturnType<typeof recordsQuery> | null
}

function Written({ records, traceId, query }: WrittenProps) {
  const [chosen, setChosen] = useParam('format', 'otlp')
  const format: FormatId = formats.find(({ id }) => id === chosen)?.id ?? 'otlp'
  const text = useMemo(() => writeAs(format, records), [format, records])
  const lines = useMemo(() => text.split('\n'), [text])
  const save = () => download(text, `trace-${traceId.slice(0, 16)}.${format}.json`, 'application/json')
  return (
    <>
      <header>
        <Segmented label={t('trace.json.format')} selected={format} onSelect={setChosen} items={formats.map(({ id, title }) => ({ id, label: title }))} />
        <span class="note num">{bytes(text.length)}</span>
        <div class="tools">
          {query && <ShowQuery query={query} />}
          <CopyButton text={text} label={t('copy.copy')} />
          <button class="button small plain" onClick={save}>
            <Icon name="download" size={13} /> {t('trace.json.download')}
          </button>
        </div>
      </header>
      {records.length >= mostSpans && <p class="banner">{t('trace.json.cut', { n: mostSpans })}</p>}
      {format !== 'otlp' && <p class="quiet json-note">{t(`trace.json.loss.${format}`)}</p>}
      <Lines lines={lines} />
      <footer class="json-foot"><OpenFile /></footer>
    </>
  )
}

function Lines({ lines }: { lines: readonly string[] }) {
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtual({ count: Math.min(lines.length, mostLines), scroller, estimate: 18, overscan: 20 })
  return (
    <div class="json-scroll mono" ref={scroller} tabIndex={0} role="region" aria-label="JSON">
      <div style={{ height: `${virtual.getTotalSize()}px` }}>
        {virtual.getVirtualItems().map((item) => (
          <div key={item.index} class="json-line" style={{ transform: `translateY(${item.start}px)` }}>
            <span class="num">{item.index + 1}</span>
            <code>{clip(lines[item.index] ?? '')}</code>
          </div>
        ))}
      </div>
    </div>
  )
}

const clip = (line: string): string => (line.length > 2000 ? `${line.slice(0, 2000)}…` : line)
