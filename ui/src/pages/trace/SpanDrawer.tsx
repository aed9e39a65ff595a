import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import type { Row } from '../../api/client'
import type { SqlValue } from '../../api/types'
import { Attributes } from '../../components/Attributes'
import { BigText } from '../../components/BigText'
import { CopyButton } from '../../components/Copy'
import { Icon } from '../../components/Icon'
import { Failed, Skeleton } from '../../components/Notice'
import { ServiceName } from '../../components/Service'
import { ShowQuery } from '../../components/ShowQuery'
import { Tabs } from '../../components/Tabs'
import { Value } from '../../components/Value'
import { t } from '../../i18n/translate'
import { duration, percent } from '../../time/format'
import { parseTime } from '../../time/nanoseconds'
import { linkTo } from '../../url/state'
import { timeOnPath } from './critical'
import { Details } from './drawer/Details'
import { SpanLogs } from './drawer/SpanLogs'
import { Usual } from './drawer/Usual'
import { spanQuery, useSpanRow, type Source } from './source'
import type { Trace } from './trace'
import { flag, kindOf, nameOf, serviceOf } from './tree'

type Tab = 'attributes' | 'events' | 'logs' | 'links'
type Map = Record<string, SqlValue>

interface DrawerProps {
  source: Source
  trace: Trace
  row: number
  close: () => void
}

export function SpanDrawer({ source, trace, row, close }: DrawerProps) {
  const { tree, origin } = trace
  const spanId = tree.spans.ids[tree.spanOf[row] as number] as string
  const stored = source.records === null
  const loaded = useSpanRow(source, spanId, kindOf(tree, row), serviceOf(tree, row))
  const record = loaded.data ?? undefined
  const [tab, setTab] = useState<Tab>('attributes')
  const events = (record?.['events'] ?? []) as Map[]
  const links = (record?.['links'] ?? []) as Map[]
  const items: { id: Tab; label: string }[] = [
    { id: 'attributes', label: t('trace.attributes') },
    { id: 'events', label: `${t('trace.events')} ${events.length || ''}` },
    { id: 'logs', label: t('trace.logs') },
    { id: 'links', label: `${t('trace.links')} ${links.length || ''}` },
  ]
  return (
    <aside class="drawer panel" aria-label={t('trace.span')}>
      <header class="drawer-head">
        <div class="row">
          <ServiceName name={serviceOf(tree, row)} />
          <span class="push" />
          {stored && <ShowQuery query={spanQuery(source.traceId, spanId)} />}
          <button class="button plain small icon" onClick={close} aria-label={t('shell.close')}>
            <Icon name="close" size={14} />
          </button>
        </div>
        <h2>
          <Value field="name" value={nameOf(tree, row)} />
        </h2>
        <Timing trace={trace} row={row} />
        {record && <Badges record={record} />}
        {stored && <Usual trace={trace} row={row} />}
      </header>
      <Tabs label={t('trace.span')} selected={tab} onSelect={setTab} items={stored ? items : items.filter(({ id }) => id !== 'logs')} />
      <div class="drawer-body" tabIndex={0} role="region" aria-label={t(`trace.${tab}`)}>
        {loaded.fault && <Failed fault={loaded.fault} retry={loaded.refetch} />}
        {loaded.loading && <Skeleton height={160} />}
        {loaded.data === null && <p class="quiet">{t('trace.span.absent')}</p>}
        {record && tab === 'attributes' && <Details record={record} />}
        {record && tab === 'events' && <Events events={events} origin={origin} />}
        {tab === 'logs' && stored && <SpanLogs traceId={source.traceId} spanId={spanId} origin={origin} />}
        {record && tab === 'links' && <Links links={links} />}
      </div>
    </aside>
  )
}

function Timing({ trace: { tree, self, path }, row }: { trace: Trace; row: number }) {
  const waited = timeOnPath(path, row)
  const length = tree.duration[row] as number
  const flags = tree.flags[row] as number
  return (
    <>
      <p class="drawer-timing num">
        <b>{duration(length)}</b>
        <span>{t('trace.atOffset', { offset: duration(tree.start[row] as number) })}</span>
        <span>{t('trace.self', { time: duration(self[row] as number) })}</span>
        <span>{t('trace.share', { share: percent(tree.extent > 0 ? length / tree.extent : 0) })}</span>
        {waited > 0 && <span title={t('trace.critical.hint')}>{t('trace.onPath', { share: percent(waited / path.time) })}</span>}
      </p>
      {Boolean(flags & flag.skew) && <p class="banner">{t('trace.skew.hint')}</p>}
      {Boolean(flags & flag.outlives) && <p class="quiet">{t('trace.outlives.hint')}</p>}
      {Boolean(flags & flag.shared) && <p class="quiet">{t('trace.shared.hint')}</p>}
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
