import { useMemo, useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { toObjects } from '../../api/client'
import { useSql } from '../../api/query'
import { BigText } from '../../components/BigText'
import { CopyButton } from '../../components/Copy'
import { Icon } from '../../components/Icon'
import { Gate } from '../../components/Notice'
import { Panel } from '../../components/Panel'
import { ShowQuery } from '../../components/ShowQuery'
import { SortTable, useOrder, type Column } from '../../components/SortTable'
import { Value } from '../../components/Value'
import { t } from '../../i18n/translate'
import { ago, compact, fullTime } from '../../time/format'
import { parseTime, toMilliseconds } from '../../time/nanoseconds'
import { asOf, linkTo } from '../../url/state'
import { readFailures, type Failure } from './failures'
import { errorsQuery, listLimit } from './queries'
import type { ServiceScope } from './scope'

export function Errors({ scope }: { scope: ServiceScope }) {
  const [order, setOrder] = useOrder('sort', '-times')
  const [opened, setOpened] = useState<string | null>(null)
  const query = errorsQuery(scope.range, scope.filters)
  const loaded = useSql(query.text)
  const rows = useMemo(() => readFailures(loaded.data ? toObjects(loaded.data) : []), [loaded.data])
  const shown = rows.find(({ key }) => key === opened)
  return (
    <div class="stack">
      <Panel title={t('service.errors')} note={t('service.errors.note')} tools={<ShowQuery query={query} />} flush>
        <Gate of={loaded} height={220}>
          {() =>
            rows.length === 0 ? (
              <div class="notice calm">
                <Icon name="check" size={24} />
                <strong>{t('red.noErrors')}</strong>
              </div>
            ) : (
              <>
                {rows.length >= listLimit && <p class="banner">{t('service.firstOf', { n: listLimit })}</p>}
                <SortTable label={t('service.errors')} keys rows={rows} columns={columns(setOpened)} keyOf={({ key }) => key} order={order} onOrder={setOrder} onOpen={({ key }) => setOpened(key)} />
              </>
            )}
        </Gate>
      </Panel>
      {shown && <Detail failure={shown} close={() => setOpened(null)} />}
    </div>
  )
}

const when = (written: string) => {
  const time = toMilliseconds(parseTime(written))
  return <span class="quiet" title={fullTime(time)}>{ago(time, asOf.value)}</span>
}

function columns(open: (key: string) => void): Column<Failure>[] {
  return [
    { id: 'type', label: t('service.errorType'), track: 'minmax(130px, 1.3fr)', phone: 'minmax(0, 1fr)', by: ({ type }) => type, cell: (row) => <TypeCell failure={row} /> },
    { id: 'message', label: t('service.message'), track: 'minmax(160px, 3fr)', by: ({ message }) => message, cell: (row) => <button class="row-text cut" title={row.sample} onClick={() => open(row.key)}>{row.sample || t('service.noMessage')}</button> },
    { id: 'where', label: t('service.operation'), track: 'minmax(110px, 1.4fr)', cell: ({ operations }) => <span title={operations.join('\n')}>{operations[0] ? <Value field="name" value={operations[0]} /> : <span class="quiet">–</span>}{operations.length > 1 && <span class="quiet"> +{operations.length - 1}</span>}</span> },
    { id: 'source', wide: true, label: t('service.source'), track: '96px', cell: ({ sources }) => <span class="quiet">{sources.map((source) => t(`service.source.${source}`)).join(' + ')}</span> },
    { id: 'times', label: t('service.times'), track: '76px', phone: '54px', right: true, by: ({ times }) => times, cell: ({ times }) => <b>{compact(times)}</b> },
    { id: 'first', wide: true, label: t('service.firstSeen'), track: '104px', right: true, by: ({ first }) => first, cell: ({ first }) => when(first) },
    { id: 'last', label: t('red.lastSeen'), track: '104px', right: true, by: ({ last }) => last, cell: ({ last }) => when(last) },
    { id: 'traces', label: t('service.examples'), track: '96px', phone: '124px', right: true, cell: ({ traces }) => <Examples traces={traces.slice(0, 3)} /> },
  ]
}

function TypeCell({ failure: { type, sources } }: { failure: Failure }) {
  const field = sources.includes('status') ? (/^\d+$/.test(type) ? 'http.response.status_code' : type === 'ERROR' ? 'status' : 'error.type') : 'exception.type'
  return (
    <span class="service-link">
      <span class="error-text"><Icon name="error" size={13} /></span>
      {field === 'exception.type' ? <span class="cut" title={type}>{type}</span> : <Value field={field} value={type} class="cut" />}
    </span>
  )
}

function Examples({ traces }: { traces: readonly string[] }) {
  if (traces.length === 0) return <span class="quiet">–</span>
  return (
    <span class="example-traces">
      {traces.map((id, index) => (
        <Link key={id} class="button small icon" href={linkTo(`/trace/${id}`)} title={id} aria-label={t('service.exampleTrace', { n: index + 1 })}>
          {index + 1}
        </Link>
      ))}
    </span>
  )
}

function Detail({ failure, close }: { failure: Failure; close: () => void }) {
  const whole = [failure.sample, failure.stack].filter(Boolean).join('\n\n')
  return (
    <Panel
      title={failure.type}
      note={t('red.times', { n: failure.times })}
      tools={
        <>
          <CopyButton text={whole} label={t('trace.copyStack')} />
          <button class="button small icon plain" onClick={close} aria-label={t('shell.close')}><Icon name="close" size={13} /></button>
        </>
      }
    >
      <BigText text={whole || t('service.noMessage')} pre />
      <p class="detail-note row wrap">
        <span class="quiet">{t('service.examples')}</span> <Examples traces={failure.traces} />
        {failure.operations.map((name) => <Value key={name} field="name" value={name} class="tag" />)}
      </p>
    </Panel>
  )
}
