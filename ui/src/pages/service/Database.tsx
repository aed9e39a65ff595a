import { useMemo, useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { toObjects, type Row } from '../../api/client'
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
import { count, duration, pace, percent, rate } from '../../time/format'
import { linkTo } from '../../url/state'
import { databaseQuery, listLimit } from './queries'
import { readStatements, repeatsFrom, type Statement } from './statements'
import type { ServiceScope } from './scope'

export function Database({ scope }: { scope: ServiceScope }) {
  const [order, setOrder] = useOrder('sort', '-total')
  const [opened, setOpened] = useState<Statement | null>(null)
  const query = databaseQuery(scope.range, scope.filters)
  const loaded = useSql(query.text)
  const rows = useMemo(() => readStatements(loaded.data ? (toObjects(loaded.data) as Row[]) : []), [loaded.data])
  const sum = rows.reduce((total, row) => total + row.total, 0)
  return (
    <div class="stack">
      <Panel title={t('service.database')} note={t('service.database.note')} tools={<ShowQuery query={query} />} flush>
        <Gate of={loaded} height={220}>
          {() =>
            rows.length === 0 ? <Nothing /> : (
              <>
                {rows.length >= listLimit && <p class="banner">{t('service.firstOf', { n: listLimit })}</p>}
                <SortTable label={t('service.database')} keys rows={rows} columns={columns(scope.seconds, sum, setOpened)} keyOf={({ key }) => key} order={order} onOrder={setOrder} onOpen={setOpened} />
              </>
            )}
        </Gate>
      </Panel>
      {opened && <Detail statement={opened} close={() => setOpened(null)} />}
    </div>
  )
}

function Nothing() {
  return (
    <div class="notice">
      <Icon name="database" size={24} />
      <strong>{t('service.database.none')}</strong>
      <p>{t('service.database.none.hint')}</p>
    </div>
  )
}

function columns(seconds: number, sum: number, open: (row: Statement) => void): Column<Statement>[] {
  return [
    {
      id: 'text', label: t('service.statement'), track: 'minmax(200px, 4fr)', phone: 'minmax(0, 1fr)', by: ({ text }) => text,
      cell: (row) => <button class="row-text mono cut" title={row.text} onClick={() => open(row)}>{row.text}</button>,
    },
    { id: 'system', wide: true, label: t('service.system'), track: '92px', by: ({ system }) => system, cell: ({ system }) => system && <Value field="db.system.name" value={system} /> },
    { id: 'callers', label: t('service.callers'), track: 'minmax(100px, 1.4fr)', cell: ({ callers }) => <span title={callers.join('\n')}>{callers[0] ?? '–'}{callers.length > 1 && <span class="quiet"> +{callers.length - 1}</span>}</span> },
    { id: 'calls', label: t('service.calls'), track: 'minmax(70px, 0.8fr)', right: true, by: ({ calls }) => calls, cell: ({ calls }) => <span title={count(calls)}>{pace(calls, seconds)}</span> },
    { id: 'per', label: t('service.perCaller'), hint: t('service.perCaller.hint'), track: '84px', right: true, by: ({ perCaller }) => perCaller, cell: ({ perCaller }) => (perCaller === null ? <span class="quiet">–</span> : perCaller >= repeatsFrom ? <span class="tag warn" title={t('service.perCaller.hint')}>N+1 ×{rate(perCaller)}</span> : <span class="quiet">×{rate(perCaller)}</span>) },
    { id: 'errors', wide: true, label: t('red.errorRate'), track: '70px', right: true, by: ({ calls, failed }) => failed / calls, cell: ({ calls, failed }) => (failed > 0 ? <span class="tag error"><Icon name="error" size={12} /> {percent(failed / calls)}</span> : <span class="quiet">{percent(0)}</span>) },
    { id: 'p95', label: 'p95', track: 'minmax(70px, 0.8fr)', phone: '62px', right: true, by: ({ p95 }) => p95, cell: ({ p95 }) => <>{duration(p95)}</> },
    { id: 'total', label: t('service.total'), hint: t('service.total.hint'), track: 'minmax(110px, 1fr)', phone: '96px', right: true, by: ({ total }) => total, cell: ({ total }) => <><b>{duration(total)}</b> <span class="quiet">{percent(sum > 0 ? total / sum : 0)}</span></> },
  ]
}

function Detail({ statement, close }: { statement: Statement; close: () => void }) {
  return (
    <Panel
      title={t('service.statement')}
      tools={
        <>
          <CopyButton text={statement.sample} label={t('copy.copy')} />
          <Link class="button small" href={linkTo(`/trace/${statement.traceId}`, { span: statement.spanId })}><Icon name="trace" size={13} /> {t('service.slowestTrace')}</Link>
          <button class="button small icon plain" onClick={close} aria-label={t('shell.close')}><Icon name="close" size={13} /></button>
        </>
      }
    >
      <BigText text={statement.sample} pre />
      <p class="quiet detail-note">
        {t('service.statement.note', { calls: count(statement.calls), p50: duration(statement.p50), p95: duration(statement.p95) })}
        {statement.namespace && <> · <Value field="db.namespace" value={statement.namespace} /></>}
        {statement.callers.length > 0 && <> · {t('service.callers')}: {statement.callers.map((name) => <Value key={name} field="name" value={name} class="tag" />)}</>}
      </p>
    </Panel>
  )
}

