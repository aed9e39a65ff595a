import { useState } from 'preact/hooks'
import { Failed, Skeleton } from '../../components/Notice'
import { Panel } from '../../components/Panel'
import { ShowQuery } from '../../components/ShowQuery'
import { Segmented } from '../../components/Tabs'
import { t } from '../../i18n/translate'
import { TopBar } from '../../shell/TopBar'
import type { Range } from '../../time/range'
import { useParam, useRange } from '../../url/state'
import { OpenFileLink } from './OpenFileLink'
import { QueryBar } from './bar/QueryBar'
import { ComparePanel } from './compare/ComparePanel'
import { Nothing } from './list/Nothing'
import { sorts, type Sort } from './list/queries'
import { TraceTable } from './list/TraceTable'
import { useTraces, type Traces } from './list/useTraces'
import { PlotPanel } from './plot/PlotPanel'
import type { Unit } from './plot/queries'
import { usePlotData } from './plot/usePlotData'
import { useLower } from './plot/useRegion'
import type { PageQuery } from './query/pageQuery'
import { usePageQuery } from './query/usePageQuery'
import { ShowTraceql } from './TraceqlQuery'
import './traces.css'

const pageSize = 500

export default function TracesPage() {
  const { range } = useRange()
  const query = usePageQuery()
  const [sortName, setSort] = useParam('sort', 'newest')
  const sort = sorts.find((known) => known === sortName) ?? 'newest'
  const [scrolled, setScrolled] = useState({ of: '', limit: pageSize })
  const [of] = useParam('of', 'traces')
  const unit: Unit = query.byTempo || of === 'spans' ? 'spans' : 'traces'
  const [kind] = useParam('plot', 'heatmap')
  const data = usePlotData(query, range, unit, kind === 'scatter')
  const [lower, setLower] = useLower()
  // How far somebody scrolled one list is nothing that the next one needs.
  const asked = `${query.whole} ${JSON.stringify(query.filters)} ${sort}`
  const limit = scrolled.of === asked ? scrolled.limit : pageSize
  const traces = useTraces(query, range, sort, limit, lower === 'traces')
  const switcher = (
    <Segmented
      label={t('traces.lower')} selected={lower} onSelect={setLower}
      items={[{ id: 'traces', label: t('traces.list') }, { id: 'compare', label: t('traces.region.compare') }]}
    />
  )
  return (
    <>
      <TopBar title={t('nav.traces')} range busy={traces.fetching || data.cells.fetching}>
        <OpenFileLink />
      </TopBar>
      <QueryBar query={query} range={range} fault={query.byTempo ? (traces.fault ?? data.cells.fault) : null} />
      <div class="page fixed">
        <PlotPanel query={query} range={range} unit={unit} data={data} />
        {lower === 'compare' ? (
          <Panel class="trace-list" flush title={t('traces.compare')} tools={switcher}>
            <ComparePanel query={query} range={range} unit={unit} />
          </Panel>
        ) : (
          <Panel
            class="trace-list"
            flush
            title={t('traces.list')}
            note={<ListNote traces={traces} sort={sort} />}
            tools={
              <>
                {switcher}
                <Segmented label={t('traces.sort')} selected={sort} onSelect={(id) => setSort(id)} items={sortItems()} />
                {traces.sql && <ShowQuery query={traces.sql} />}
                {traces.traceql && <ShowTraceql {...traces.traceql} />}
              </>
            }
          >
            <List traces={traces} query={query} range={range} more={() => setScrolled({ of: asked, limit: limit + pageSize })} />
          </Panel>
        )}
      </div>
    </>
  )
}

const sortItems = (): { id: Sort; label: string }[] => sorts.map((id) => ({ id, label: t(`traces.sort.${id}`) }))

// How far the list and its order reach.
function ListNote({ traces: { rows, known, full, most, inspected, traceql }, sort }: { traces: Traces; sort: Sort }) {
  if (!known) return null
  if (inspected !== null) return <>{t('traces.list.stopped', { n: rows.length, inspected })}</>
  if (!full) return <>{t('traces.count', { n: rows.length })}</>
  if (traceql && sort !== 'newest') return <>{t('traces.list.sortedNewest', { n: rows.length })}</>
  return <>{t(most ? 'traces.list.newestOnly' : 'traces.firstOf', { n: rows.length })}</>
}

interface ListProps {
  traces: Traces
  query: PageQuery
  range: Range
  more: () => void
}

function List({ traces, query, range, more }: ListProps) {
  const { rows, known, fault, full, most, refetch } = traces
  if (fault) return fault.kind === 'parse' && query.byTempo ? <p class="notice plot-fault">{t('traces.query.fault')}</p> : <Failed fault={fault} retry={refetch} />
  if (!known) return <Skeleton height={240} />
  if (rows.length === 0) return <Nothing query={query} range={range} />
  return <TraceTable rows={rows} more={full && !most ? more : null} unfolds={query.byTempo || query.filters.length > 0} />
}
