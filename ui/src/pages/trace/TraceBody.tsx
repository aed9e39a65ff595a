import { useEffect, useMemo } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { ShowQuery } from '../../components/ShowQuery'
import { Tabs } from '../../components/Tabs'
import { t } from '../../i18n/translate'
import { useKeys } from '../../shell/keys'
import { FilterBar } from '../../shell/FilterBar'
import { linkTo, useParam } from '../../url/state'
import { ExportButton } from './export/ExportButton'
import { LazyView, type LazyViewId } from './LazyView'
import { spansQuery } from './load'
import { rowOfKey, spanKey } from './selection'
import type { Source } from './source'
import { SpanDrawer } from './SpanDrawer'
import type { Trace } from './trace'
import { TraceFacts, TraceWarnings } from './TraceFacts'
import { TraceToolbar } from './TraceToolbar'
import { useTraceView } from './useTraceView'
import { Waterfall } from './Waterfall'

const viewIds = ['waterfall', 'flame', 'list', 'timeline', 'graph', 'json'] as const
type ViewId = (typeof viewIds)[number]

export function TraceBody({ source, trace, partial }: { source: Source; trace: Trace; partial: boolean }) {
  const { tree } = trace
  const [key, setKey] = useParam('span')
  const [chosen, setChosen] = useParam('view', 'waterfall')
  const id: ViewId = viewIds.find((one) => one === chosen) ?? 'waterfall'
  const view = useTraceView(trace, source)
  const selected = useMemo(() => rowOfKey(tree, key), [key, tree])
  const select = (row: number) => setKey(spanKey(tree, row), { replace: true })
  const close = () => setKey('', { replace: true })
  useEffect(() => {
    if (selected >= 0) view.reveal(selected)
  }, [selected])
  useKeys({ Escape: close, c: () => view.setCritical(!view.critical) })
  const props = { source, trace, view, selected, onSelect: select }
  return (
    <>
      {view.filters.length > 0 && (
        <FilterBar signal="spans">
          <Link class="button small plain" href={linkTo('/traces')}>{t('trace.findTraces')}</Link>
        </FilterBar>
      )}
      <div class={`page fixed trace ${selected >= 0 ? 'with-drawer' : ''}`}>
        <TraceFacts source={source} trace={trace} />
        <TraceWarnings trace={trace} partial={partial} />
        <div class="row wrap trace-views">
          <Tabs label={t('trace.views')} selected={id} onSelect={setChosen} items={viewIds.map((one) => ({ id: one, label: t(`trace.view.${one}`) }))} />
          <span class="push" />
          {source.records === null && <ShowQuery query={spansQuery(source.traceId)} />}
          <ExportButton source={source} trace={trace} />
        </div>
        {id !== 'json' && id !== 'graph' && <TraceToolbar trace={trace} view={view} selected={selected} onSelect={select} rowsShown={id === 'waterfall'} />}
        <div class="trace-body">
          {id === 'waterfall' ? <Waterfall {...props} /> : <LazyView id={id as LazyViewId} {...props} />}
          {selected >= 0 && <SpanDrawer key={key} source={source} trace={trace} row={selected} close={close} />}
        </div>
      </div>
    </>
  )
}
