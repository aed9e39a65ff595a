// Lists: log records, traces, and words.
import { useMemo } from 'preact/hooks'
import { Link } from 'wouter-preact'
import type { FoundTrace } from '../../../api/tempo'
import { ServiceName } from '../../../components/Service'
import { Value } from '../../../components/Value'
import { clock, duration, fullTime } from '../../../time/format'
import { t } from '../../../i18n/translate'
import { linkTo } from '../../../url/state'
import type { Panel } from '../model/document'
import { interpolate, type Scope } from '../variables/interpolate'
import type { BodyProps } from './ChartPanel'
import { Prose } from './Prose'
import { Nothing } from './Nothing'
import { recordsOf } from './records'

const shownMost = 300

export function LogsPanel({ data, title }: BodyProps) {
  const records = useMemo(() => recordsOf(data.tables), [data.tables])
  if (records.length === 0) return <Nothing />
  return (
    <ul class="dash-list mono" tabIndex={0} aria-label={title || t('nav.logs')}>
      {records.slice(0, shownMost).map(({ time, severity, service, body, traceId }, at) => (
        <li key={at} class={`sev sev-${severity.band}`}>
          <i />
          {time !== null && <time title={fullTime(time)}>{clock(time)}</time>}
          {severity.text && <span class="dash-sev">{severity.text}</span>}
          {service && <Value field="service" value={service}>{service}</Value>}
          <span class="dash-body">{body}</span>
          {traceId && <Link href={linkTo(`/trace/${traceId}`)}>{t('nav.trace')}</Link>}
        </li>
      ))}
      {records.length > shownMost && <li class="quiet">{t('dash.list.cut', { n: shownMost, total: records.length })}</li>}
    </ul>
  )
}

const startOf = ({ startTimeUnixNano }: FoundTrace): number => Number(BigInt(startTimeUnixNano) / 1_000_000n)

export function TracesPanel({ data, title }: BodyProps) {
  if (data.traces.length === 0) return <Nothing />
  return (
    <ul class="dash-list" tabIndex={0} aria-label={title || t('nav.traces')}>
      {data.traces.map((trace) => (
        <li key={trace.traceID}>
          <time class="num" title={fullTime(startOf(trace))}>{clock(startOf(trace))}</time>
          <ServiceName name={trace.rootServiceName} />
          <Link class="dash-body cut" href={linkTo(`/trace/${trace.traceID}`)}>{trace.rootTraceName || trace.traceID}</Link>
          <span class="num">{duration(trace.durationMs * 1e6)}</span>
        </li>
      ))}
    </ul>
  )
}

export function TextPanel({ panel, scope }: { panel: Panel; scope: Scope }) {
  return <div class="prose dash-prose" tabIndex={0} role="group" aria-label={panel.title || t('dash.type.text')}><Prose source={interpolate(panel.text ?? '', scope, 'text')} /></div>
}
