// One open dashboard: looked at, one panel of it large, or changed. The address says which.
import { useEffect, useMemo, useState } from 'preact/hooks'
import { Failed, Skeleton } from '../../../components/Notice'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { useKeys } from '../../../shell/keys'
import { TopBar } from '../../../shell/TopBar'
import { parseDuration } from '../../../time/duration'
import { parseTime } from '../../../time/nanoseconds'
import { defaultSpan, writeRange } from '../../../time/range'
import { refresh, setParams, useParam, useParams, useRange } from '../../../url/state'
import { AnnotationBar } from '../annotations/AnnotationBar'
import { useAnnotations } from '../annotations/useAnnotations'
import { useDraft } from '../edit/useDraft'
import { useSaving } from '../edit/useSaving'
import type { Dashboard } from '../model/document'
import { visiblePanels } from '../model/grid'
import { repeated } from '../model/repeat'
import { isImported } from '../model/report'
import type { Kept } from '../storage'
import { readInterval } from '../variables/interval'
import { Grid, ScopedCard } from './Grid'
import { lazy } from '../../../components/lazy'
import { PanelLinks } from './PanelLinks'
import { ViewTools } from './ViewTools'
import type { Context } from './usePanelData'
import { useVariables } from './useVariables'
import { useWidth } from './useSize'
import { VariableBar } from './VariableBar'

const EditGrid = lazy(async () => (await import('../edit/EditGrid')).EditGrid)
const EditTools = lazy(async () => (await import('../edit/EditTools')).EditTools)
const PanelEditor = lazy(async () => (await import('../edit/PanelEditor')).PanelEditor)

export interface ViewProps {
  id: string
  ready: boolean
  kept: Kept
  reopen: () => void
}

export function DashboardView({ id, ready, kept, reopen }: ViewProps) {
  const draft = useDraft(`${ready} ${id}`, kept.dashboard)
  const { dashboard } = draft
  const saving = useSaving({ id, ready, etag: kept.etag, draft, reopen })
  const [editParam, setEdit] = useParam('edit')
  const editing = editParam === '1' && !ready
  const [panelKey, setPanelKey] = useParam('panel')
  const { range } = useRange()
  useOwnRange(dashboard)
  useRefresh(dashboard)
  const variables = useVariables(dashboard, range)
  const { shown: annotations, marks } = useAnnotations(dashboard, { range, scope: variables.scope, ready: variables.ready })
  const context = useMemo<Context>(() => ({ range, scope: variables.scope, samples: dashboard.sampleInterval, title: dashboard.title, group: `dashboard ${id}`, marks }), [range, variables.scope, dashboard.sampleInterval, dashboard.title, id, marks])
  useKeys({ e: () => !ready && setEdit(editing ? '' : '1'), ...(panelKey ? { Escape: () => setPanelKey('') } : {}) })
  const onKeyDown = (event: KeyboardEvent) => editKeys(event, editing, draft, saving.save)
  const panel = editing ? dashboard.panels.find((one) => String(one.id) === panelKey) : undefined
  return (
    <div class="dash-page" onKeyDown={onKeyDown}>
      <TopBar title={dashboard.title} range busy={variables.fetching && !variables.ready}>
        {!editing && <ViewTools id={id} ready={ready} dashboard={dashboard} dirty={draft.dirty} saving={saving} imported={isImported(dashboard)} onEdit={() => setEdit('1')} />}
      </TopBar>
      {editing && (
        <div class="filterbar dash-edit-bar" role="group" aria-label={t('dash.edit')}>
          <EditTools draft={draft} saving={saving} done={() => setParams((params) => ['edit', 'panel'].forEach((name) => params.delete(name)))} onPanel={(made) => setPanelKey(String(made))} inPanel={panel !== undefined} />
        </div>
      )}
      <VariableBar resolved={variables.resolved} />
      <AnnotationBar shown={annotations} />
      {saving.dialog}
      {!panel && !panelKey && dashboard.links && <div class="filterbar"><PanelLinks links={dashboard.links} scope={variables.scope} /></div>}
      <div class="page dash-scroll">
        {variables.fault && <Failed fault={variables.fault} />}
        {!variables.ready && !variables.fault && <Skeleton height={260} />}
        {variables.ready && panel && <PanelEditor key={panel.id} panel={panel} draft={draft} context={context} close={() => setPanelKey('')} />}
        {variables.ready && !panel && <Panels dashboard={dashboard} context={context} editing={editing} draft={draft} panelKey={panelKey} setPanelKey={setPanelKey} />}
      </div>
    </div>
  )
}

interface PanelsProps {
  dashboard: Dashboard
  context: Context
  editing: boolean
  draft: ReturnType<typeof useDraft>
  panelKey: string
  setPanelKey: (key: string) => void
}

function Panels({ dashboard, context, editing, draft, panelKey, setPanelKey }: PanelsProps) {
  const [box, width] = useWidth<HTMLDivElement>()
  const [flipped, setFlipped] = useState<ReadonlySet<number>>(new Set())
  const panels = useMemo(() => dashboard.panels.map((panel) => (flipped.has(panel.id) ? { ...panel, collapsed: !panel.collapsed } : panel)), [dashboard.panels, flipped])
  const flip = (id: number) => {
    const next = new Set(flipped)
    if (!next.delete(id)) next.add(id)
    setFlipped(next)
  }
  const full = !editing && panelKey ? repeated(visiblePanels(dashboard.panels.map((panel) => ({ ...panel, collapsed: false }))), context.scope).find(({ key }) => key === panelKey) : undefined
  const height = Math.max(320, innerHeight - 190)
  return (
    <div ref={box} class="dash-width">
      {dashboard.panels.length === 0 && <Empty />}
      {width > 0 && full && <ScopedCard drawn={full} context={context} width={width} height={height} full onFull={() => setPanelKey('')} />}
      {width > 0 && !full && editing && <EditGrid panels={dashboard.panels} context={context} width={width} change={(next, what) => draft.change((before) => ({ ...before, panels: next }), what)} onEdit={(id) => setPanelKey(String(id))} />}
      {width > 0 && !full && !editing && <Grid panels={panels} context={context} width={width} onFull={setPanelKey} onFold={flip} />}
    </div>
  )
}

function Empty() {
  return (
    <div class="notice">
      <Icon name="dashboard" size={26} />
      <strong>{t('dash.empty')}</strong>
      <p>{t('dash.empty.hint')}</p>
    </div>
  )
}

function editKeys(event: KeyboardEvent, editing: boolean, draft: ReturnType<typeof useDraft>, save: () => void): void {
  if (!(event.ctrlKey || event.metaKey)) return
  const key = event.key.toLowerCase()
  const typing = (event.target as HTMLElement).closest('input, textarea, [contenteditable]') !== null
  if (key === 's') {
    event.preventDefault()
    if (draft.dirty) save()
  } else if (editing && !typing && (key === 'z' || key === 'y')) {
    event.preventDefault()
    if (key === 'y' || event.shiftKey) draft.redo()
    else draft.undo()
  }
}

// A dashboard opens on its own range, unless the address says one. From then on the address always does, so that
// the range that every page starts with can be chosen here too.
function useOwnRange({ time }: Dashboard): void {
  const params = useParams()
  const said = params.has('range') || params.has('from')
  const [opened, setOpened] = useState(said)
  useEffect(() => {
    if (said) return
    setParams((next) => {
      if (opened) next.set('range', defaultSpan)
      else writeOwn(next, time)
    }, { replace: true })
    setOpened(true)
  }, [said])
}

function writeOwn(params: URLSearchParams, time: Dashboard['time']): void {
  if (typeof time === 'string') params.set('range', parseDuration(time) === null ? defaultSpan : time)
  else {
    try {
      writeRange(params, { kind: 'absolute', from: parseTime(time.from), to: parseTime(time.to) })
    } catch {
      params.set('range', defaultSpan)
    }
  }
}

const leastRefreshMs = 5000

function useRefresh({ refresh: own }: Dashboard): void {
  const [chosen] = useParam('refresh', own ?? 'off')
  const { spec } = useRange()
  const every = spec.kind === 'relative' ? readInterval(chosen) : null
  useEffect(() => {
    if (every === null) return
    const timer = setInterval(() => {
      if (!document.hidden) refresh()
    }, Math.max(leastRefreshMs, every))
    return () => clearInterval(timer)
  }, [every])
}
