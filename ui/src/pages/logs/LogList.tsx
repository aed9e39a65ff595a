import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { runSql } from '../../api/client'
import { Attributes, Pair } from '../../components/Attributes'
import { BigText } from '../../components/BigText'
import { CopyButton } from '../../components/Copy'
import { Icon } from '../../components/Icon'
import { ServiceName } from '../../components/Service'
import { useVirtual } from '../../components/virtual'
import { t } from '../../i18n/translate'
import { useKeys } from '../../shell/keys'
import { bandOf } from '../../sql/severity'
import { bytes, stamp } from '../../time/format'
import { writeTime } from '../../time/nanoseconds'
import { linkTo } from '../../url/state'
import { bodyQuery } from './queries'
import type { LogRecord } from './records'

interface LogListProps {
  records: readonly LogRecord[]
  wrap: boolean
  onContext: ((record: LogRecord) => void) | null
  onEnd: () => void
  end: ComponentChildren
  marked?: string
}

export function LogList({ records, wrap, onContext, onEnd, end, marked }: LogListProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const [at, setAt] = useState(-1)
  const virtual = useVirtual({ count: records.length, scroller, estimate: 26, overscan: 14, keyOf: (index) => records[index]?.key ?? index })
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (last >= records.length - 20) onEnd()
  }, [last, records.length])
  const toggle = (record: LogRecord) => {
    const next = new Set(open)
    if (!next.delete(record.key)) next.add(record.key)
    setOpen(next)
  }
  const move = (step: number) => () => {
    const next = Math.max(0, Math.min(records.length - 1, at + step))
    setAt(next)
    virtual.scrollToIndex(next)
  }
  const current = records[at]
  const toggleCurrent = () => current && toggle(current)
  useKeys({ j: move(1), k: move(-1), l: toggleCurrent, h: toggleCurrent, Enter: toggleCurrent })
  return (
    <div class={`log-scroll ${wrap ? 'wrap-lines' : ''}`} ref={scroller} tabIndex={0} role="region" aria-label={t('logs.list')}>
      <ol style={{ height: `${virtual.getTotalSize()}px` }}>
        {items.map((item) => {
          const record = records[item.index]
          if (!record) return null
          const isOpen = open.has(record.key)
          return (
            <li
              key={record.key} data-index={item.index} ref={(node) => virtual.measureElement(node)}
              class={`log sev sev-${bandOf(record.severity).name} ${item.index === at || record.key === marked ? 'at' : ''}`}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <Line record={record} open={isOpen} toggle={() => toggle(record)} />
              {isOpen && <Expanded record={record} onContext={onContext} />}
            </li>
          )
        })}
      </ol>
      {end}
    </div>
  )
}

function Line({ record, open, toggle }: { record: LogRecord; open: boolean; toggle: () => void }) {
  const band = bandOf(record.severity)
  const onClick = (event: MouseEvent) => {
    if ((event.target as HTMLElement).closest('a, .value')) return
    if (getSelection()?.toString()) return
    toggle()
  }
  return (
    <div class="log-line" onClick={onClick}>
      <button class="fold" aria-expanded={open} aria-label={t(open ? 'trace.collapse' : 'trace.expand')} onClick={(event) => { event.stopPropagation(); toggle() }}>
        <Icon name={open ? 'down' : 'right'} size={12} />
      </button>
      <span class="num log-time" title={writeTime(record.time)}>{stamp(record.time)}</span>
      <span class="log-level">
        {record.severity >= 17 && <Icon name="error" size={11} />}
        {band.name === 'UNSET' ? record.severityText || '–' : band.name}
      </span>
      <span class="log-service hide-phone">
        <ServiceName name={record.service} />
      </span>
      <span class="log-body mono">{record.body.slice(0, 2000)}</span>
      {record.traceId && (
        <Link class="log-trace" href={linkTo(`/trace/${record.traceId}`, record.spanId ? { span: record.spanId } : {})} title={t('logs.openTrace')} aria-label={t('logs.openTrace')}>
          <Icon name="trace" size={13} />
        </Link>
      )}
    </div>
  )
}

function Expanded({ record, onContext }: { record: LogRecord; onContext: ((record: LogRecord) => void) | null }) {
  return (
    <div class="log-open">
      <div class="row wrap">
        {record.traceId && (
          <Link class="button small" href={linkTo(`/trace/${record.traceId}`, record.spanId ? { span: record.spanId } : {})}>
            <Icon name="trace" size={13} /> {t('logs.openTrace')}
          </Link>
        )}
        {onContext && (
          <button class="button small" onClick={() => onContext(record)}>
            <Icon name="target" size={13} /> {t('logs.context')}
          </button>
        )}
        <CopyButton text={record.body} label={t('logs.copyBody')} />
      </div>
      <Body record={record} />
      <div class="log-maps">
        <section>
          <h3>{t('trace.attributes')}</h3>
          <Attributes of={record.attributes} none={t('trace.none')} />
        </section>
        <section>
          <h3>{t('trace.resource')}</h3>
          <Attributes of={record.resource} prefix="resource:" none={t('trace.none')} />
          <dl class="attributes">
            <Pair name="time" field="time" value={writeTime(record.time)} />
            {record.traceId && <Pair name="trace_id" field="trace_id" value={record.traceId} />}
            {record.spanId && <Pair name="span_id" field="span_id" value={record.spanId} />}
          </dl>
        </section>
      </div>
    </div>
  )
}

function Body({ record }: { record: LogRecord }) {
  const [whole, setWhole] = useState<string | null>(null)
  const cut = record.bodyLength > record.body.length
  const fetchWhole = async () => {
    const answer = await runSql(bodyQuery(record.time, record.service, record.spanId).text)
    setWhole(String(answer.rows[0]?.[0] ?? record.body))
  }
  return (
    <>
      <BigText text={whole ?? prettyJson(record.body)} pre />
      {cut && whole === null && (
        <button class="button small" onClick={() => void fetchWhole()}>
          {t('bigText.more', { size: bytes(record.bodyLength) })}
        </button>
      )}
    </>
  )
}

function prettyJson(body: string): string {
  if (!/^\s*[[{]/.test(body)) return body
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}
