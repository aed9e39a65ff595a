import { useMemo, useRef } from 'preact/hooks'
import { column, toObjects } from '../../../api/client'
import { useSql } from '../../../api/query'
import type { SqlValue } from '../../../api/types'
import { Icon } from '../../../components/Icon'
import { Failed, Skeleton } from '../../../components/Notice'
import { ServiceName } from '../../../components/Service'
import { ShowQuery } from '../../../components/ShowQuery'
import { useVirtual } from '../../../components/virtual'
import { t } from '../../../i18n/translate'
import { useKeys } from '../../../shell/keys'
import { sql, text, type Sql } from '../../../sql/escape'
import { bandOf } from '../../../sql/severity'
import { count, duration } from '../../../time/format'
import { parseTime } from '../../../time/nanoseconds'
import { useParam } from '../../../url/state'
import type { ViewProps } from '../LazyView'
import { logsQuery, type Source } from '../source'
import type { Trace } from '../trace'
import type { TraceView } from '../useTraceView'
import { eventMoments, inOrder, logMoments, rowsById, spanMoments, type EventFact, type Moment, type MomentKind } from './moments'
import './timeline.css'

const mostLogs = 5000
const mostEventSpans = 2000
const kinds: readonly MomentKind[] = ['span', 'event', 'log']

const eventsQuery = (traceId: string): Sql => sql`SELECT span_id, events
FROM spans
WHERE trace_id = ${text(traceId)} AND events IS NOT NULL
ORDER BY start_time
LIMIT 2000`

export default function TimelineView({ source, trace, view, selected, onSelect }: ViewProps) {
  const [hiddenList, setHidden] = useParam('hide')
  const hidden = hiddenList.split(',')
  const query = logsQuery(source.traceId, null, mostLogs)
  const stored = source.records === null
  const logs = useSql(stored ? query.text : null, { keepPrevious: false })
  const events = useSql(stored ? eventsQuery(source.traceId).text : null, { keepPrevious: false })
  const all = useMemo(() => gather(trace, source, logs.data ? toObjects(logs.data) : [], events.data ? eventFacts(column(events.data, 'span_id'), column(events.data, 'events')) : []), [trace, logs.data, events.data])
  const shown = useMemo(() => all.filter((moment) => !hidden.includes(moment.kind) && passes(moment, view)), [all, hiddenList, view.muted, view.errorsOnly, view.matches])
  const toggle = (kind: MomentKind) => setHidden(kinds.filter((one) => hidden.includes(one) !== (one === kind)).join(','))
  const cut = (logs.data?.rows.length ?? 0) >= mostLogs || (events.data?.rows.length ?? 0) >= mostEventSpans
  return (
    <section class="panel timeline">
      <header>
        <h2>{t('trace.view.timeline')}</h2>
        {kinds.filter((kind) => stored || kind !== 'log').map((kind) => (
          <button key={kind} class="button small" aria-pressed={!hidden.includes(kind)} onClick={() => toggle(kind)}>
            {t(`trace.timeline.${kind}`)} <span class="num">{count(all.filter((moment) => moment.kind === kind).length)}</span>
          </button>
        ))}
        <div class="tools">{stored && <ShowQuery query={query} />}</div>
      </header>
      {(logs.fault ?? events.fault) && <Failed fault={(logs.fault ?? events.fault)!} retry={logs.refetch} />}
      {cut && <p class="banner">{t('trace.timeline.cut', { n: mostLogs })}</p>}
      {logs.loading && stored ? <Skeleton height={200} /> : <Moments moments={shown} selected={selected} onSelect={onSelect} />}
    </section>
  )
}

function eventFacts(ids: readonly SqlValue[], lists: readonly SqlValue[]): EventFact[] {
  return ids.flatMap((id, index) => ((lists[index] ?? []) as Record<string, SqlValue>[]).map((event) => ({
    spanId: String(id), time: parseTime(String(event['time'])), name: String(event['name']),
    message: String((event['attributes'] as Record<string, SqlValue> | null)?.['exception.message'] ?? ''),
  })))
}

function gather(trace: Trace, { records }: Source, logs: Parameters<typeof logMoments>[1], stored: readonly EventFact[]): Moment[] {
  const rows = rowsById(trace)
  const events = records
    ? records.flatMap(({ spanId, events: own }) => own.map(({ time, name, attributes }) => ({ spanId, time, name, message: String(attributes['exception.message'] ?? '') })))
    : stored
  return inOrder([...spanMoments(trace), ...eventMoments(trace, events, rows), ...logMoments(trace, logs, rows)])
}

const passes = ({ service, row, failed }: Moment, { muted, errorsOnly, matches }: TraceView): boolean =>
  !muted.has(service) && (!errorsOnly || failed) && (matches === null || matches.has(row))

function Moments({ moments, selected, onSelect }: { moments: readonly Moment[]; selected: number; onSelect: (row: number) => void }) {
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtual({ count: moments.length, scroller, estimate: 28, overscan: 8 })
  const move = (step: number) => () => {
    const from = moments.findIndex(({ row }) => row === selected)
    for (let at = from + step; at >= 0 && at < moments.length; at += step) {
      const next = moments[at] as Moment
      if (next.row < 0 || next.row === selected) continue
      onSelect(next.row)
      return virtual.scrollToIndex(at)
    }
  }
  useKeys({ j: move(1), ArrowDown: move(1), k: move(-1), ArrowUp: move(-1) })
  if (moments.length === 0) return <p class="notice">{t('trace.timeline.empty')}</p>
  return (
    <div class="timeline-scroll" ref={scroller} tabIndex={0} role="region" aria-label={t('trace.view.timeline')}>
      <ol style={{ height: `${virtual.getTotalSize()}px` }}>
        {virtual.getVirtualItems().map((item) => {
          const moment = moments[item.index] as Moment
          return <MomentLine key={item.key} moment={moment} before={moments[item.index - 1]} top={item.start} chosen={moment.row >= 0 && moment.row === selected} onSelect={onSelect} />
        })}
      </ol>
    </div>
  )
}

interface LineProps {
  moment: Moment
  before: Moment | undefined
  top: number
  chosen: boolean
  onSelect: (row: number) => void
}

function MomentLine({ moment, before, top, chosen, onSelect }: LineProps) {
  const { kind, at, row, service, text: words, severity, failed } = moment
  const band = bandOf(severity)
  const pause = before ? at - before.at : 0
  return (
    <li class={`moment ${kind} ${chosen ? 'selected' : ''} ${kind === 'log' ? `sev sev-${band.name}` : ''}`} style={{ transform: `translateY(${top}px)` }} onClick={() => row >= 0 && onSelect(row)}>
      <span class="num moment-at">+{duration(at)}</span>
      <span class="num quiet moment-pause">{pause > 0 ? `Δ ${duration(pause)}` : ''}</span>
      <ServiceName name={service} />
      <span class={`moment-kind ${failed ? 'error-text' : ''}`}>
        {failed && <Icon name="error" size={12} label={t('trace.error')} />} {kind === 'log' ? band.name : t(`trace.timeline.${kind}.one`)}
      </span>
      <button class={`cut moment-text ${kind === 'span' ? '' : 'mono'}`} title={words.slice(0, 600)} disabled={row < 0}>{words.slice(0, 400)}</button>
    </li>
  )
}
