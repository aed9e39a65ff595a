import { Link } from 'wouter-preact'
import { Icon } from '../../../components/Icon'
import { ServiceName } from '../../../components/Service'
import { Value } from '../../../components/Value'
import { t } from '../../../i18n/translate'
import { bandOf } from '../../../sql/severity'
import { stamp } from '../../../time/format'
import { writeTime } from '../../../time/nanoseconds'
import { linkTo } from '../../../url/state'
import { fieldOf, marksOf, type LogRecord } from '../record'
import { highlight } from './highlight'

interface LineProps {
  record: LogRecord
  open: boolean
  columns: readonly string[]
  words: readonly string[]
  toggle: () => void
}

const shownMost = 2000
const fieldMost = 200

export function Line({ record, open, columns, words, toggle }: LineProps) {
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
      <span class="log-level" title={record.severityText}>
        {record.severity >= 17 && <Icon name="error" size={11} />}
        {band.name === 'UNSET' ? record.severityText || '–' : band.name}
      </span>
      <span class="log-service hide-phone">
        <ServiceName name={record.service} />
      </span>
      {columns.map((field) => (
        <Field key={field} record={record} field={field} />
      ))}
      <span class="log-body mono">
        <Marks record={record} />
        {record.body === '' && record.eventName ? <span class="quiet">{record.eventName}</span> : <Text text={record.body.slice(0, shownMost)} words={words} />}
      </span>
      {record.traceId && (
        <Link class="log-trace" href={traceLink(record)} title={t('logs.openTrace')} aria-label={t('logs.openTrace')}>
          <Icon name="trace" size={13} />
        </Link>
      )}
    </div>
  )
}

export const traceLink = ({ traceId, spanId }: LogRecord): string => linkTo(`/trace/${traceId}`, spanId ? { span: spanId } : {})

function Field({ record, field }: { record: LogRecord; field: string }) {
  const value = fieldOf(record, field)
  return (
    <span class="log-field mono hide-phone">
      {value === null ? <span class="quiet">–</span> : <Value field={field} value={value}>{value.slice(0, fieldMost)}</Value>}
    </span>
  )
}

function Text({ text, words }: { text: string; words: readonly string[] }) {
  if (words.length === 0) return <>{text}</>
  return <>{highlight(text, words).map((piece, index) => (piece.found ? <mark key={index}>{piece.text}</mark> : piece.text))}</>
}

export function Marks({ record, hints = false }: { record: LogRecord; hints?: boolean }) {
  return (
    <>
      {marksOf(record).map((mark) => (
        <span key={mark} class="tag warn log-mark" title={t(`logs.mark.${mark}.hint`, { n: record.dropped })}>
          <Icon name="warn" size={11} /> {hints ? t(`logs.mark.${mark}.hint`, { n: record.dropped }) : t(`logs.mark.${mark}`)}
        </span>
      ))}
    </>
  )
}
