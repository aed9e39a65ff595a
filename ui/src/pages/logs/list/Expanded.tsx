// All that is known of one record.
import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { ApiError, runSql } from '../../../api/client'
import { Attributes, Pair } from '../../../components/Attributes'
import { BigText } from '../../../components/BigText'
import { CopyButton, copyText } from '../../../components/Copy'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { bandOf } from '../../../sql/severity'
import { bytes } from '../../../time/format'
import { writeTime } from '../../../time/nanoseconds'
import { withFilters } from '../../../url/state'
import { recordAddress } from '../parameters'
import { bodyQuery } from '../queries'
import type { LogRecord } from '../record'
import { Marks, traceLink } from './Line'

export function Expanded({ record, onContext }: { record: LogRecord; onContext: ((record: LogRecord) => void) | null }) {
  return (
    <div class="log-open">
      <div class="row wrap">
        {record.traceId && (
          <>
            <Link class="button small" href={traceLink(record)}>
              <Icon name="trace" size={13} /> {t('logs.openTrace')}
            </Link>
            <Link class="button small" href={withFilters('/logs', [{ key: 'trace_id', op: '=', value: record.traceId }])}>
              <Icon name="logs" size={13} /> {t('logs.ofTrace')}
            </Link>
          </>
        )}
        {onContext && (
          <button class="button small" onClick={() => onContext(record)}>
            <Icon name="target" size={13} /> {t('logs.context')}
          </button>
        )}
        <button class="button small plain" onClick={() => void copyText(recordAddress(record))}>
          <Icon name="link" size={13} /> {t('logs.copyLink')}
        </button>
        <CopyButton text={asJson(record)} label={t('logs.copyJson')} />
        {!record.bodyCut && <CopyButton text={record.body} label={t('logs.copyBody')} />}
      </div>
      <p class="row wrap log-marks"><Marks record={record} hints /></p>
      <Body record={record} />
      <div class="log-maps">
        <section>
          <h3>{t('trace.attributes')}</h3>
          <Attributes of={record.attributes} none={t('trace.none')} />
        </section>
        <section>
          <h3>{t('trace.resource')}</h3>
          <Attributes of={record.resource} prefix="resource:" none={t('trace.none')} />
          <Identity record={record} />
        </section>
      </div>
    </div>
  )
}

function Identity({ record }: { record: LogRecord }) {
  const { time, observed, traceId, spanId, eventName, scope, severity, severityText } = record
  return (
    <dl class="attributes">
      <Pair name="time" field="time" value={writeTime(time)} />
      {observed !== null && observed !== time && (
        <div>
          <dt>observed_time</dt>
          <dd class="mono">{writeTime(observed)}</dd>
        </div>
      )}
      <Pair name={severityText === '' ? 'severity' : `severity (${severityText}, ${severity})`} field="severity" value={bandOf(severity).name} />
      {eventName && <Pair name="event_name" field="event_name" value={eventName} />}
      {scope && <Pair name="scope" field="scope" value={scope} />}
      {traceId && <Pair name="trace_id" field="trace_id" value={traceId} />}
      {spanId && <Pair name="span_id" field="span_id" value={spanId} />}
    </dl>
  )
}

function asJson({ time, severity, severityText, service, body, traceId, spanId, attributes, resource }: LogRecord): string {
  return JSON.stringify({ time: writeTime(time), severity_number: severity, severity_text: severityText, service_name: service, body, trace_id: traceId, span_id: spanId, attributes, resource_attributes: resource }, null, 2)
}

function Body({ record }: { record: LogRecord }) {
  const [whole, setWhole] = useState<string | null>(null)
  const [fault, setFault] = useState('')
  const fetchWhole = async () => {
    try {
      setFault('')
      const answer = await runSql(bodyQuery(record).text)
      const body = answer.rows[0]?.[0]
      if (typeof body === 'string') setWhole(body)
      else setFault(t('logs.body.gone'))
    } catch (cause) {
      setFault(cause instanceof ApiError ? cause.fault.message : String(cause))
    }
  }
  if (record.body === '') return null
  return (
    <>
      <BigText text={whole ?? prettyJson(record.body)} pre />
      {record.bodyCut && whole === null && (
        <button class="button small" onClick={() => void fetchWhole()}>
          {t('bigText.more', { size: bytes(record.bodyBytes) })}
        </button>
      )}
      {whole !== null && <CopyButton text={whole} label={t('logs.copyBody')} />}
      {fault && <p class="error-text" role="alert">{fault}</p>}
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
