// One panel: its head with tools, and the body that says what it has, or why it has nothing.
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Icon } from '../../../components/Icon'
import { LoadingBar, Skeleton } from '../../../components/Notice'
import { t } from '../../../i18n/translate'
import { BarGaugePanel, GaugePanel, StatPanel } from '../panels/ReducedPanels'
import { ChartPanel } from '../panels/ChartPanel'
import type { PanelData } from '../panels/data'
import { Nothing } from '../panels/Nothing'
import type { Panel } from '../model/document'
import { interpolate } from '../variables/interpolate'
import { ImportNote, Unsupported } from './ImportNote'
import { lazy } from '../../../components/lazy'
import { PanelLinks } from './PanelLinks'
import { QueriesDialog } from './QueriesDialog'
import { usePanelData, type Context, type Shown } from './usePanelData'
import { useInView } from './useSize'

const HeatmapPanel = lazy(async () => (await import('../panels/HeatmapPanel')).HeatmapPanel)
const TablePanel = lazy(async () => (await import('../panels/TablePanel')).TablePanel)
const LogsPanel = lazy(async () => (await import('../panels/ListPanels')).LogsPanel)
const TracesPanel = lazy(async () => (await import('../panels/ListPanels')).TracesPanel)
const TextPanel = lazy(async () => (await import('../panels/ListPanels')).TextPanel)

export const headHeight = 34

export interface CardProps {
  panel: Panel
  context: Context
  width: number
  height: number
  onFull?: () => void
  full?: boolean
  tools?: ComponentChildren // of whoever edits
  children?: ComponentChildren
}

export function PanelCard({ panel, context, width, height, onFull, full = false, tools, children }: CardProps) {
  const [box, inView] = useInView<HTMLElement>()
  const [showing, setShowing] = useState(false)
  const shown = usePanelData(panel, context, width, inView)
  const title = interpolate(panel.title, shown.prepared.scope, 'text')
  const bare = panel.title === '' && panel.type === 'text' && !tools
  const head = bare ? 0 : headHeight
  return (
    <section ref={box} class={`panel dash-panel ${tools || full ? 'editing' : ''}`} aria-label={title || t(`dash.type.${panel.type}`)}>
      <header class={bare ? 'bare' : ''}>
        <h2 class="cut" title={title}>{title}</h2>
        {panel.description && <span class="dash-hint" role="img" aria-label={panel.description} title={panel.description}><Icon name="help" size={13} /></span>}
        {panel.imported && <ImportNote imported={panel.imported} />}
        <Warnings data={shown.data} />
        <div class="tools">
          {panel.links && <PanelLinks links={panel.links} scope={shown.prepared.scope} />}
          {panel.queries.length > 0 && (
            <button class="button small icon plain" onClick={() => setShowing(true)} title={t('dash.query')} aria-label={`${t('dash.query')}: ${title}`}>
              <Icon name="database" size={13} />
            </button>
          )}
          {onFull && (
            <button class="button small icon plain" onClick={onFull} title={t(full ? 'dash.shrink' : 'dash.full')} aria-label={`${t(full ? 'dash.shrink' : 'dash.full')}: ${title}`}>
              <Icon name={full ? 'shrink' : 'expand'} size={13} />
            </button>
          )}
          {tools}
        </div>
      </header>
      <LoadingBar on={shown.fetching && inView} />
      <div class="dash-body-box" style={{ height: `${Math.max(20, height - head - 4)}px` }}>
        <Body panel={panel} shown={shown} context={context} title={title} inView={inView} width={width - 26} height={Math.max(20, height - head - 12)} />
      </div>
      {showing && <QueriesDialog title={title} prepared={shown.prepared} data={shown.data} close={() => setShowing(false)} />}
      {children}
    </section>
  )
}

function Warnings({ data }: { data: PanelData | undefined }) {
  if (!data) return null
  const said = [...data.faults.map(({ ref, fault }) => `${ref}: ${fault.message}`), ...data.warnings, ...(data.cut ? [t('dash.cut')] : [])]
  if (said.length === 0) return null
  const text = said.join('\n')
  return <span class={`tag ${data.faults.length > 0 ? 'error' : 'warn'}`} title={text}><Icon name={data.faults.length > 0 ? 'error' : 'warn'} size={12} label={text} /></span>
}

interface BodyBox {
  panel: Panel
  shown: Shown
  context: Context
  title: string
  inView: boolean
  width: number
  height: number
}

function Body({ panel, shown, context, title, inView, width, height }: BodyBox) {
  const { data, fault, prepared, refetch } = shown
  if (panel.type === 'text') return <TextPanel panel={panel} scope={prepared.scope} />
  if (panel.type === 'unsupported') return <Unsupported panel={panel} />
  if (prepared.questions.length === 0) return <Quiet icon="text" text={t('dash.noQuery')} />
  if (fault) {
    return (
      <div class="dash-nothing failed" role="alert">
        <Icon name="error" size={18} />
        <strong>{t(`fault.${fault.kind}`)}</strong>
        <p class="mono">{fault.message}</p>
        <button class="button small" onClick={refetch}>{t('shell.retry')}</button>
      </div>
    )
  }
  // Out of view it waits, and says nothing of loading: nothing is.
  if (!data || width <= 0) return inView ? <Skeleton height={Math.max(30, height - 8)} /> : <div class="dash-wait" />
  if (isEmpty(panel, data)) return <Nothing />
  const props = { panel, data, title, width, height, group: context.group, markers: context.marks }
  switch (panel.type) {
    case 'timeseries':
      return <ChartPanel {...props} />
    case 'stat':
      return <StatPanel {...props} />
    case 'gauge':
      return <GaugePanel {...props} />
    case 'bargauge':
      return <BarGaugePanel {...props} />
    case 'table':
      return <TablePanel {...props} />
    case 'heatmap':
      return <HeatmapPanel {...props} steps={prepared.steps} />
    case 'logs':
      return <LogsPanel {...props} />
    case 'traces':
      return <TracesPanel {...props} />
    default:
      return null
  }
}

// A stat says what it says when there is no value; all else has nothing to draw.
function isEmpty({ type, noValue }: Panel, data: PanelData): boolean {
  if (type === 'table' || type === 'logs' || type === 'traces') return false
  if (type === 'heatmap') return data.matrix.length === 0
  return data.lines.length === 0 && data.tables.every(({ rows }) => rows.length === 0) && noValue === undefined
}

function Quiet({ icon, text }: { icon: 'text'; text: string }) {
  return (
    <div class="dash-nothing" role="status">
      <Icon name={icon} size={20} />
      <span>{text}</span>
    </div>
  )
}
