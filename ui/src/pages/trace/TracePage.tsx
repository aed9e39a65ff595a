import { useEffect, useMemo, useState } from 'preact/hooks'
import { useRoute } from 'wouter-preact'
import { runSql } from '../../api/client'
import { useLoad } from '../../api/query'
import { CopyButton } from '../../components/Copy'
import { Icon } from '../../components/Icon'
import { Failed, Skeleton } from '../../components/Notice'
import { ShowQuery } from '../../components/ShowQuery'
import { t } from '../../i18n/translate'
import { TopBar } from '../../shell/TopBar'
import { useKeys } from '../../shell/keys'
import { count, duration, fullTime } from '../../time/format'
import { toMilliseconds } from '../../time/nanoseconds'
import { useParam } from '../../url/state'
import { readTrace, spanLimit, spansQuery, type LoadedTrace } from './load'
import { SpanDrawer } from './SpanDrawer'
import { TraceToolbar, useTraceView } from './TraceToolbar'
import { Waterfall } from './Waterfall'
import './trace.css'

export default function TracePage() {
  const [, params] = useRoute('/trace/:id')
  const traceId = (params?.id ?? '').toLowerCase()
  const query = spansQuery(traceId)
  const loaded = useLoad(['trace', traceId], async (signal) => readTrace(await runSql(query.text, { limit: spanLimit, signal })), { keepPrevious: false })
  const { data, fault } = loaded
  return (
    <>
      <TopBar title={data && data.tree.total > 0 ? rootName(data) : t('nav.trace')} busy={loaded.fetching}>
        {data && data.tree.errorCount > 0 && (
          <span class="tag error">
            <Icon name="error" size={12} /> {t('trace.errors', { n: data.tree.errorCount })}
          </span>
        )}
        <span class="grow" />
      </TopBar>
      {fault && <Failed fault={fault} retry={loaded.refetch} />}
      {!data && !fault && (
        <div class="page">
          <Skeleton height={300} />
        </div>
      )}
      {data && (data.tree.total === 0 ? <Missing id={traceId} retry={loaded.refetch} /> : <LoadedPage traceId={traceId} data={data} />)}
    </>
  )
}

function rootName({ tree }: LoadedTrace): string {
  const span = tree.spanOf.find((candidate) => candidate >= 0) ?? 0
  return `${tree.spans.services[span] ?? ''} ${tree.spans.names[span] ?? ''}`
}

// A trace asked for right after it was sent may still be on its way: look again for a while.
function Missing({ id, retry }: { id: string; retry: () => void }) {
  const [tries, setTries] = useState(0)
  useEffect(() => {
    if (tries >= 10) return
    const timer = setTimeout(() => {
      setTries(tries + 1)
      retry()
    }, 1000)
    return () => clearTimeout(timer)
  }, [tries])
  return (
    <div class="notice">
      <Icon name="trace" size={26} />
      <strong>{t('trace.missing')}</strong>
      <p>{t(tries < 10 ? 'trace.missing.waiting' : 'trace.missing.hint')}</p>
      <p class="mono">{id}</p>
    </div>
  )
}

function LoadedPage({ traceId, data }: { traceId: string; data: LoadedTrace }) {
  const { tree, origin } = data
  const [spanId, setSpanId] = useParam('span')
  const view = useTraceView(tree)
  const selected = useMemo(() => {
    const span = spanId ? tree.spans.ids.indexOf(spanId) : -1
    return span < 0 ? -1 : (tree.rowOfSpan[span] ?? -1)
  }, [spanId, tree])
  const select = (row: number) => {
    const span = tree.spanOf[row] ?? -1
    setSpanId(span < 0 ? '' : (tree.spans.ids[span] ?? ''), { replace: true })
  }
  useKeys({ Escape: () => setSpanId('', { replace: true }) })
  return (
    <div class={`page fixed trace ${selected >= 0 ? 'with-drawer' : ''}`}>
      <Facts traceId={traceId} data={data} />
      <Warnings data={data} />
      <TraceToolbar tree={tree} view={view} selected={selected} onSelect={select} />
      <div class="trace-body">
        <Waterfall tree={tree} view={view} selected={selected} onSelect={select} />
        {selected >= 0 && (
          <SpanDrawer key={spanId} traceId={traceId} tree={tree} row={selected} origin={origin} close={() => setSpanId('', { replace: true })} />
        )}
      </div>
    </div>
  )
}

function Facts({ traceId, data }: { traceId: string; data: LoadedTrace }) {
  const { tree, origin } = data
  const facts: [string, string][] = [
    [t('trace.duration'), duration(tree.extent)],
    [t('trace.services'), count(tree.serviceNames.length)],
    [t('trace.depth'), count(tree.depthMost)],
    [t('trace.totalSpans'), count(tree.spans.ids.length)],
  ]
  return (
    <div class="facts">
      {facts.map(([name, value]) => (
        <div class="fact" key={name}>
          <span>{name}</span>
          <b class="num">{value}</b>
        </div>
      ))}
      <div class={`fact ${tree.errorCount > 0 ? 'error-text' : ''}`}>
        <span>{t('trace.errorCount')}</span>
        <b class="num row">
          {tree.errorCount > 0 && <Icon name="error" size={15} />}
          {count(tree.errorCount)}
        </b>
      </div>
      <div class="fact wide hide-phone">
        <span>{t('trace.start')}</span>
        <b class="num small">{fullTime(toMilliseconds(origin))}</b>
      </div>
      <div class="fact wide">
        <span>trace_id</span>
        <b class="mono small row">
          <span class="cut">{traceId}</span>
          <CopyButton text={traceId} />
        </b>
      </div>
      <div class="push hide-phone">
        <ShowQuery query={spansQuery(traceId)} />
      </div>
    </div>
  )
}

function Warnings({ data: { tree, truncated } }: { data: LoadedTrace }) {
  const { problems } = tree
  const notes = [
    truncated && t('trace.truncated', { n: spanLimit }),
    problems.missingParents > 0 && t('trace.problem.missing', { n: problems.orphans, parents: problems.missingParents }),
    problems.cycles > 0 && t('trace.problem.cycles', { n: problems.cycles }),
    problems.selfParents > 0 && t('trace.problem.selfParents', { n: problems.selfParents }),
    problems.skewed > 0 && t('trace.problem.skew', { n: problems.skewed }),
    problems.duplicates > 0 && t('trace.problem.duplicates', { n: problems.duplicates }),
  ].filter((note) => note !== false)
  if (notes.length === 0) return null
  return (
    <div class="banner" role="note">
      <Icon name="warn" size={14} />
      {notes.map((note) => (
        <span key={note}>{note}</span>
      ))}
    </div>
  )
}
