import { useLocation } from 'wouter-preact'
import { toast } from '../../../components/Copy'
import { Icon } from '../../../components/Icon'
import { Failed, Skeleton } from '../../../components/Notice'
import { Panel } from '../../../components/Panel'
import { ShowQuery } from '../../../components/ShowQuery'
import { Segmented } from '../../../components/Tabs'
import { searchPath, seriesPath } from '../../../api/tempo'
import { t } from '../../../i18n/translate'
import { useKeys } from '../../../shell/keys'
import { count, duration } from '../../../time/format'
import type { Range } from '../../../time/range'
import { linkTo, useParam } from '../../../url/state'
import type { PageQuery } from '../query/pageQuery'
import { ShowTraceql } from '../TraceqlQuery'
import { dotsMost, totalsOf, type Cell, type Dot, type Totals } from './cells'
import { Plot } from './Plot'
import { PlotTable } from './PlotTable'
import type { Unit } from './queries'
import { RegionBar } from './RegionBar'
import { slowestOf, tempoStep, type PlotData } from './usePlotData'
import { useRegion } from './useRegion'

interface PlotPanelProps {
  query: PageQuery
  range: Range
  unit: Unit
  data: PlotData
}

export function PlotPanel({ query, range, unit, data }: PlotPanelProps) {
  const [kind, setKind] = useParam('plot', 'heatmap')
  const [table, setTable] = useParam('table')
  const [region, setRegion] = useRegion()
  const [, navigate] = useLocation()
  const totals = totalsOf(data.cells.data ?? [])
  const few = totals.count < dotsMost
  const dots = kind === 'scatter' && few ? data.dots : null
  useKeys({ Escape: () => region && setRegion(null) })
  const open = async (what: Cell | Dot) => {
    const place = 'trace' in what ? what : what.slowest ? { trace: what.slowest, span: what.span } : await slowestOf(what, query.whole, range).catch(() => null)
    if (!place) toast(t('traces.plot.gone'))
    else navigate(linkTo(`/trace/${place.trace}`, place.span ? { span: place.span } : {}))
  }
  const fault = data.cells.fault ?? dots?.fault
  return (
    <Panel
      class="plot-panel"
      title={t('traces.density')}
      note={<PlotNote totals={totals} unit={unit} known={data.cells.data !== undefined} crosses={dots !== null} warning={data.warning} />}
      tools={
        <>
          <UnitSwitch byTempo={query.byTempo} />
          <KindSwitch kind={kind} few={few} onKind={setKind} />
          <button class="button small icon plain" aria-pressed={table !== ''} onClick={() => setTable(table ? '' : 'on')} title={t('chart.table')} aria-label={t('chart.table')}>
            <Icon name={table ? 'chart' : 'table'} size={13} />
          </button>
          {data.sql && <ShowQuery query={data.sql} />}
          {data.traceql && <ShowTraceql query={data.traceql} path={dots ? searchPath(data.traceql, range, { limit: 1000, spans: 100 }) : seriesPath(data.traceql, range, tempoStep(range))} />}
        </>
      }
    >
      {fault && (fault.kind === 'parse' && query.byTempo ? <p class="notice plot-fault">{t('traces.query.fault')}</p> : <Failed fault={fault} retry={data.cells.refetch} />)}
      {!fault && (!data.cells.data || (dots && !dots.data)) && <Skeleton height={210} />}
      {!fault && data.cells.data && (!dots || dots.data) && (
        <>
          {(region || totals.count > 0) && <RegionBar region={region} range={range} unit={unit} cells={data.cells.data} onRegion={setRegion} />}
          {kind === 'scatter' && !few && <p class="plot-aside">{t('traces.plot.tooMany', { n: dotsMost })}</p>}
          {dots?.data?.partial && <p class="plot-aside">{t('traces.plot.partial', { n: dots.data.list.length })}</p>}
          {table ? (
            <PlotTable cells={data.cells.data} dots={dots?.data?.list ?? null} range={range} onOpen={(what) => void open(what)} />
          ) : (
            <div class="plot-frame">
              {totals.count === 0 && <p class="plot-empty quiet">{t('traces.density.empty')}</p>}
              <Plot
                cells={data.cells.data} dots={dots?.data?.list ?? null} range={range} region={region} label={t('traces.density')}
                summary={summaryOf(totals)} onOpen={(what) => void open(what)} onRegion={setRegion}
              />
            </div>
          )}
        </>
      )}
    </Panel>
  )
}

function summaryOf({ count: spans, errors, low, high }: Totals): string {
  if (spans === 0) return t('traces.density.empty')
  return t('traces.plot.summary', { spans, errors, shortest: duration(low), longest: duration(high) })
}

function PlotNote({ totals, unit, known, crosses, warning }: { totals: Totals; unit: Unit; known: boolean; crosses: boolean; warning: string | null }) {
  if (!known) return null
  return (
    <>
      {t(unit === 'traces' ? 'traces.plot.noteRoots' : 'traces.plot.noteSpans', { spans: count(totals.count), errors: count(totals.errors) })}{' '}
      <span class={`plot-legend ${crosses ? 'crosses' : ''}`} aria-hidden="true"><i /> {t('traces.plot.legendFailed')}</span>
      {warning && <span class="tag warn" title={warning}>{t('traces.plot.warning')}</span>}
    </>
  )
}

function KindSwitch({ kind, few, onKind }: { kind: string; few: boolean; onKind: (kind: string) => void }) {
  const items = [{ id: 'heatmap', label: t('traces.plot.heatmap') }, { id: 'scatter', label: t('traces.plot.scatter') }]
  return (
    <span title={few ? '' : t('traces.plot.tooMany', { n: dotsMost })}>
      <Segmented label={t('traces.plot.kind')} selected={kind === 'scatter' ? 'scatter' : 'heatmap'} onSelect={onKind} items={items} />
    </span>
  )
}

// Text finds spans; filters find traces as well, which their roots stand for.
function UnitSwitch({ byTempo }: { byTempo: boolean }) {
  const [unit, setUnit] = useParam('of', 'traces')
  if (byTempo) return null
  const items = [{ id: 'traces', label: t('traces.plot.ofTraces') }, { id: 'spans', label: t('traces.plot.ofSpans') }]
  return <Segmented label={t('traces.plot.of')} selected={unit} onSelect={setUnit} items={items} />
}
