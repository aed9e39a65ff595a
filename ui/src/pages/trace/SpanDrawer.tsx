import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { toObjects, type Row } from '../../api/client'
import { useSql } from '../../api/query'
import type { SqlValue } from '../../api/types'
import { Attributes, Pair, showValue } from '../../components/Attributes'
import { BigText } from '../../components/BigText'
import { CopyButton } from '../../components/Copy'
import { Icon } from '../../components/Icon'
import { Failed, Skeleton } from '../../components/Notice'
import { ServiceName } from '../../components/Service'
import { ShowQuery } from '../../components/ShowQuery'
import { Tabs } from '../../components/Tabs'
import { Value } from '../../components/Value'
import { t } from '../../i18n/translate'
import { bandOf } from '../../sql/severity'
import { duration, percent, stamp } from '../../time/format'
import { parseTime } from '../../time/nanoseconds'
import { linkTo, withFilters } from '../../url/state'
import { logsQuery, spanQuery } from './load'
import { flag, selfTime, type TraceTree } from './tree'

type Tab = 'attributes' | 'events' | 'logs' | 'links'
type Map = Record<string, SqlValue>

interface DrawerProps {
  traceId: string
  tree: TraceTree
  row: number
  origin: bigint
  close: () => void
}

export function SpanDrawer({ traceId, tree, row, origin, close }: DrawerProps) {
  const span = tree.spanOf[row] as number
  const spanId = tree.spans.ids[span] as string
  const query = spanQuery(traceId, spanId)
  const loaded = useSql(query.text, { keepPrevious: false })
  const record = loaded.data ? toObjects(loaded.data)[0] : undefined
  const [tab, setTab] = useState<Tab>('attributes')
  const events = (record?.['events'] ?? []) as Map[]
  const links = (record?.['links'] ?? []) as Map[]
  return (
    <aside class="drawer panel" aria-label={t('trace.span')}>
      <header class="drawer-head">
        <div class="row">
          <ServiceName name={tree.spans.services[span] as string} />
          <span class="push" />
          <ShowQuery query={query} />
          <button class="button plain small icon" onClick={close} aria-label={t('shell.close')}>
            <Icon name="close" size={14} />
          </button>
        </div>
        <h2>
          <Value field="name" value={tree.spans.names[span] as string} />
        </h2>
        <Timing tree={tree} row={row} />
        {record && <Badges record={record} />}
      </header>
      <Tabs
        label={t('trace.span')}
        selected={tab}
        onSelect={setTab}
        items={[
          { id: 'attributes', label: t('trace.attributes') },
          { id: 'events', label: `${t('trace.events')} ${events.length || ''}` },
          { id: 'logs', label: t('trace.logs') },
          { id: 'links', label: `${t('trace.links')} ${links.length || ''}` },
        ]}
      />
      <div class="drawer-body" tabIndex={0} role="region" aria-label={t(`trace.${tab}`)}>
        {loaded.fault && <Failed fault={loaded.fault} retry={loaded.refetch} />}
        {loaded.loading && <Skeleton height={160} />}
        {record && tab === 'attributes' && <Details record={record} />}
        {record && tab === 'events' && <Events events={events} origin={origin} />}
        {tab === 'logs' && <SpanLogs traceId={traceId} spanId={spanId} origin={origin} />}
        {record && tab === 'links' && <Links links={links} />}
      </div>
    </aside>
  )
}

function Timing({ tree, row }: { tree: TraceTree; row: number }) {
  const length = tree.duration[row] as number
  const flags = tree.flags[row] as number
  return (
    <>
      <p class="drawer-timing num">
        <b>{duration(length)}</b>
        <span>{t('trace.atOffset', { offset: duration(tree.start[row] as number) })}</span>
        <span>{t('trace.self', { time: duration(selfTime(tree, row)) })}</span>
        <span>{t('trace.share', { share: percent(tree.extent > 0 ? length / tree.extent : 0) })}</span>
      </p>
      {Boolean(flags & flag.skew) && <p class="banner">{t('trace.skew.hint')}</p>}
      {Boolean(flags & flag.cycle) && <p class="banner">{t('trace.cycle.hint')}</p>}
      {Boolean(flags & flag.selfParent) && <p class="banner">{t('trace.selfParent.hint')}</p>}
    </>
  )
}

function Badges({ record }: { record: Row }) {
  const status = String(record['status_code'])
  const message = record['status_message'] ? String(record['status_message']) : ''
  return (
    <div class="row wrap">
      <Value field="kind" value={String(record['kind'])}>
        <span class="tag">{String(record['kind'])}</span>
      </Value>
      <Value field="status" value={status}>
        <span class={`tag ${status === 'ERROR' ? 'error' : status === 'OK' ? 'ok' : ''}`}>
          {status === 'ERROR' && <Icon name="error" size={12} />}
          {status}
        </span>
      </Value>
      {message && <Value field="status_message" value={message} class="error-text" />}
    </div>
  )
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="drawer-section">
      <h3>{title}</h3>
      {children}
    </section>
  )
}

function Details({ record }: { record: Row }) {
  const ids = ['trace_id', 'span_id', 'parent_span_id', 'trace_state', 'start_time'] as const
  return (
    <>
      <Section title={t('trace.attributes')}>
        <Attributes of={record['attributes'] as Map} none={t('trace.none')} />
      </Section>
      <Section title={t('trace.resource')}>
        <Attributes of={record['resource_attributes'] as Map} prefix="resource:" none={t('trace.none')} />
      </Section>
      <Section title={t('trace.scope')}>
        <dl class="attributes">
          {record['scope_name'] && <Pair name="name" field="scope" value={String(record['scope_name'])} />}
          {record['scope_version'] && <Pair name="version" field="scope_version" value={String(record['scope_version'])} />}
        </dl>
        <Attributes of={record['scope_attributes'] as Map} prefix="scope:" />
      </Section>
      <Section title={t('trace.identity')}>
        <dl class="attributes">
          {ids.filter((name) => record[name]).map((name) => (
            <Pair key={name} name={name} field={name} value={showValue(record[name] ?? null)} />
          ))}
        </dl>
      </Section>
    </>
  )
}

function Events({ events, origin }: { events: readonly Map[]; origin: bigint }) {
  if (events.length === 0) return <p class="quiet">{t('trace.noEvents')}</p>
  return (
    <>
      {events.map((event, index) => {
        const { 'exception.stacktrace': stack, ...rest } = (event['attributes'] ?? {}) as Map
        const thrown = event['name'] === 'exception'
        return (
          <section class="drawer-section" key={index}>
            <h3 class={`row ${thrown ? 'error-text' : ''}`}>
              {thrown && <Icon name="error" size={14} />}
              {String(event['name'])}
              <span class="num quiet">+{duration(Number(parseTime(String(event['time'])) - origin))}</span>
              {stack && <CopyButton text={String(stack)} label={t('trace.copyStack')} />}
            </h3>
            <Attributes of={rest} />
            {stack && <BigText text={String(stack)} pre />}
          </section>
        )
      })}
    </>
  )
}

function SpanLogs({ traceId, spanId, origin }: { traceId: string; spanId: string; origin: bigint }) {
  const [whole, setWhole] = useState(false)
  const query = logsQuery(traceId, whole ? null : spanId)
  const loaded = useSql(query.text, { keepPrevious: false })
  const rows = loaded.data ? toObjects(loaded.data) : []
  return (
    <>
      <div class="row">
        <button class="button small" aria-pressed={!whole} onClick={() => setWhole(false)}>
          {t('trace.logs.span')}
        </button>
        <button class="button small" aria-pressed={whole} onClick={() => setWhole(true)}>
          {t('trace.logs.trace')}
        </button>
        <Link class="button small plain push" href={withFilters('/logs', [{ key: 'trace_id', op: '=', value: traceId }])}>
          {t('trace.logs.open')}
        </Link>
      </div>
      {loaded.fault && <Failed fault={loaded.fault} />}
      {loaded.loading && <Skeleton />}
      {loaded.data && rows.length === 0 && <p class="quiet drawer-section">{t(whole ? 'trace.logs.noneTrace' : 'trace.logs.noneSpan')}</p>}
      <ul class="drawer-logs">
        {rows.map((log, index) => {
          const band = bandOf(Number(log['severity_number']))
          const time = parseTime(String(log['time']))
          return (
            <li key={index} class={`sev sev-${band.name} ${whole && log['span_id'] === spanId ? 'own' : ''}`}>
              <span class="num quiet" title={stamp(time)}>+{duration(Number(time - origin))}</span>
              <b>{band.name}</b>
              <span class="mono"><BigText text={String(log['body'] ?? '')} /></span>
            </li>
          )
        })}
      </ul>
    </>
  )
}

function Links({ links }: { links: readonly Map[] }) {
  if (links.length === 0) return <p class="quiet">{t('trace.noLinks')}</p>
  return (
    <>
      {links.map((link, index) => (
        <section class="drawer-section" key={index}>
          <h3 class="mono">
            <Link href={linkTo(`/trace/${String(link['trace_id'])}`, { span: String(link['span_id']) })}>{String(link['trace_id'])}</Link>
          </h3>
          <Attributes of={link['attributes'] as Map} />
        </section>
      ))}
    </>
  )
}
