// What was found in a trace: the spansets of the search with the fields it selected, or the spans that
// pass the filters.
import type { ComponentChildren } from 'preact'
import { Link } from 'wouter-preact'
import { toObjects } from '../../../api/client'
import { useSql } from '../../../api/query'
import { readValue, type KeyValue } from '../../../api/anyValue'
import type { Spanset } from '../../../api/tempo'
import { Icon } from '../../../components/Icon'
import { Gate } from '../../../components/Notice'
import { ServiceName } from '../../../components/Service'
import { Value } from '../../../components/Value'
import { t } from '../../../i18n/translate'
import { duration } from '../../../time/format'
import { parseTime } from '../../../time/nanoseconds'
import { linkTo, useFilters, useRange } from '../../../url/state'
import { keyOf } from '../query/chips'
import { tokensOf } from '../query/tokens'
import { matchedMost, matchedQuery, spanFactsQuery } from './queries'
import type { TraceRow } from './rows'

export function Matched({ row }: { row: TraceRow }) {
  return row.matched === null ? <ByFilters row={row} /> : <BySearch row={row} />
}

interface SpanFacts {
  service: string
  failed: boolean
}

function BySearch({ row }: { row: TraceRow }) {
  const start = parseTime(row.started)
  const ids = row.sets.flatMap(({ spans }) => spans.map(({ spanID }) => spanID))
  const loaded = useSql(ids.length > 0 ? spanFactsQuery(row.id, start, start + BigInt(Math.ceil(row.duration)) + 1_000_000n, ids).text : null)
  const facts = new Map((loaded.data ? toObjects(loaded.data) : []).map((span): [string, SpanFacts] => [String(span['span_id']), { service: String(span['service_name'] ?? ''), failed: span['status_code'] === 'ERROR' }]))
  return (
    <div class="matched">
      {row.sets.map((set, index) => (
        <SetOfSpans key={index} row={row} set={set} facts={facts} />
      ))}
    </div>
  )
}

function SetOfSpans({ row, set, facts }: { row: TraceRow; set: Spanset; facts: ReadonlyMap<string, SpanFacts> }) {
  const left = set.matched - set.spans.length
  return (
    <section>
      <p class="quiet row wrap">
        {t('traces.matched.count', { n: set.matched })}
        <Fields of={set.attributes ?? []} />
      </p>
      <ul>
        {set.spans.map((span) => (
          <MatchedSpan key={span.spanID} trace={row} id={span.spanID} name={span.name} start={BigInt(span.startTimeUnixNano)} lasted={Number(span.durationNanos)}>
            <FactsOfSpan of={facts.get(span.spanID)} />
            <Fields of={span.attributes} />
          </MatchedSpan>
        ))}
      </ul>
      {left > 0 && <p class="quiet">{t('traces.matched.more', { n: left })}</p>}
    </section>
  )
}

function FactsOfSpan({ of: facts }: { of: SpanFacts | undefined }) {
  if (!facts) return null
  return (
    <>
      {facts.service && <ServiceName name={facts.service} />}
      {facts.failed && <span class="tag error"><Icon name="error" size={12} /> {t('trace.error')}</span>}
    </>
  )
}

function Fields({ of: fields }: { of: readonly KeyValue[] }) {
  return (
    <>
      {fields.map(({ key, value }) => (
        <Field key={key} name={key} value={readValue(value)} />
      ))}
    </>
  )
}

// The value of a selected field; it offers filters where these have a name for it.
function Field({ name, value }: { name: string; value: string }) {
  const [token] = tokensOf(name) ?? []
  const field = token?.kind === 'attribute' ? keyOf(token) : token?.kind === 'word' ? keyOf({ intrinsic: token.text }) : null
  const written = field === 'status' || field === 'kind' ? value.toUpperCase() : value
  return (
    <span class="matched-field mono">
      <span class="quiet">{name}</span> {field === null ? <span>{written}</span> : <Value field={field} value={written}>{written.slice(0, 120)}</Value>}
    </span>
  )
}

function ByFilters({ row }: { row: TraceRow }) {
  const { range } = useRange()
  const loaded = useSql(matchedQuery(row.id, range, useFilters()).text)
  return (
    <div class="matched">
      <Gate of={loaded} height={60}>
        {(answer) => (
          <section>
            <p class="quiet">{t('traces.matched.count', { n: answer.rows.length })}{answer.rows.length >= matchedMost && ` · ${t('traces.matched.most', { n: matchedMost })}`}</p>
            <ul>
              {toObjects(answer).map((span) => (
                <MatchedSpan key={String(span['span_id'])} trace={row} id={String(span['span_id'])} name={String(span['name'])} start={parseTime(String(span['start_time']))} lasted={Number(span['duration_ns'])}>
                  <FactsOfSpan of={{ service: String(span['service_name'] ?? ''), failed: span['status_code'] === 'ERROR' }} />
                </MatchedSpan>
              ))}
            </ul>
          </section>
        )}
      </Gate>
    </div>
  )
}

interface MatchedSpanProps {
  trace: TraceRow
  id: string
  name: string
  start: bigint
  lasted: number
  children: ComponentChildren
}

function MatchedSpan({ trace, id, name, start, lasted, children }: MatchedSpanProps) {
  const offset = Number(start - parseTime(trace.started))
  return (
    <li class="row wrap">
      <span class="num quiet matched-offset">+{duration(Math.max(0, offset))}</span>
      <Link class="trace-name cut" href={linkTo(`/trace/${trace.id}`, { span: id })}>{name || id}</Link>
      <span class="num">{duration(lasted)}</span>
      {children}
    </li>
  )
}
