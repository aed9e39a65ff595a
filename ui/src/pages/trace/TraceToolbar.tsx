import { useMemo, useState } from 'preact/hooks'
import { Icon } from '../../components/Icon'
import { ServiceDot } from '../../components/Service'
import { Segmented } from '../../components/Tabs'
import { t } from '../../i18n/translate'
import { useKeys } from '../../shell/keys'
import { useParam } from '../../url/state'
import { isError, rowsDeeperThan, visibleRows, type TraceTree } from './tree'

export interface TraceView {
  rows: Int32Array
  collapsed: ReadonlySet<number>
  setCollapsed: (rows: ReadonlySet<number>) => void
  muted: ReadonlySet<string>
  toggleService: (name: string) => void
  mode: 'dim' | 'hide'
  setMode: (mode: 'dim' | 'hide') => void
  errorsOnly: boolean
  setErrorsOnly: (on: boolean) => void
  find: string
  setFind: (text: string) => void
  matches: ReadonlySet<number> | null
}

export function useTraceView(tree: TraceTree): TraceView {
  const [collapsed, setCollapsed] = useState<ReadonlySet<number>>(new Set())
  const [mutedList, setMuted] = useParam('muted')
  const [mode, setMode] = useParam('mode', 'dim')
  const [errorsOnly, setErrorsOnly] = useParam('errors')
  const [find, setFind] = useParam('find')
  const muted = useMemo(() => new Set(mutedList.split('\n').filter(Boolean)), [mutedList])
  const hidden = mode === 'hide' ? muted : none
  const rows = useMemo(() => visibleRows(tree, { collapsed, hiddenServices: hidden, errorsOnly: errorsOnly !== '' }), [tree, collapsed, hidden, errorsOnly])
  const matches = useMemo(() => findRows(tree, find), [tree, find])
  const toggleService = (name: string) => {
    const next = new Set(muted)
    if (!next.delete(name)) next.add(name)
    setMuted([...next].join('\n'), { replace: true })
  }
  return {
    rows, collapsed, setCollapsed, muted, toggleService, find, matches,
    mode: mode === 'hide' ? 'hide' : 'dim',
    setMode: (next) => setMode(next, { replace: true }),
    errorsOnly: errorsOnly !== '',
    setErrorsOnly: (on) => setErrorsOnly(on ? '1' : '', { replace: true }),
    setFind: (text) => setFind(text, { replace: true }),
  }
}

const none: ReadonlySet<string> = new Set()

function findRows(tree: TraceTree, find: string): ReadonlySet<number> | null {
  const wanted = find.trim().toLowerCase()
  if (wanted === '') return null
  const rows = new Set<number>()
  for (let row = 0; row < tree.total; row += 1) {
    const span = tree.spanOf[row] as number
    if (span < 0) continue
    const { names, services, ids } = tree.spans
    if (names[span]?.toLowerCase().includes(wanted) || services[span]?.toLowerCase().includes(wanted) || ids[span]?.startsWith(wanted)) rows.add(row)
  }
  return rows
}

interface ToolbarProps {
  tree: TraceTree
  view: TraceView
  selected: number
  onSelect: (row: number) => void
}

export function TraceToolbar({ tree, view, selected, onSelect }: ToolbarProps) {
  const step = (wanted: (row: number) => boolean) => {
    const at = view.rows.indexOf(selected)
    for (let offset = 1; offset <= view.rows.length; offset += 1) {
      const row = view.rows[(at + offset) % view.rows.length] as number
      if (wanted(row)) return onSelect(row)
    }
  }
  const nextError = () => step((row) => isError(tree, row))
  const nextMatch = () => step((row) => view.matches?.has(row) ?? false)
  useKeys({ n: nextError })
  const onFindKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter') nextMatch()
  }
  return (
    <div class="trace-tools">
      <div class="row wrap">
        <label class="find">
          <Icon name="search" size={13} />
          <input
            class="field small" data-search placeholder={t('trace.find')} aria-label={t('trace.find')} value={view.find}
            onInput={(event) => view.setFind(event.currentTarget.value)} onKeyDown={onFindKey}
          />
          {view.matches && <span class="num quiet">{t('trace.matches', { n: view.matches.size })}</span>}
        </label>
        <button class="button small" aria-pressed={view.errorsOnly} onClick={() => view.setErrorsOnly(!view.errorsOnly)}>
          <Icon name="error" size={13} /> {t('trace.errorsOnly')}
        </button>
        <button class="button small" disabled={tree.errorCount === 0} onClick={nextError}>
          {t('trace.nextError')} <kbd>n</kbd>
        </button>
        <button class="button small plain" onClick={() => view.setCollapsed(new Set())}>
          {t('trace.expandAll')}
        </button>
        <button class="button small plain" onClick={() => view.setCollapsed(rowsDeeperThan(tree, 0))}>
          {t('trace.collapseAll')}
        </button>
        <label class="row hide-phone">
          <span class="quiet">{t('trace.toDepth')}</span>
          <input class="field small depth" type="number" min={1} max={tree.depthMost} aria-label={t('trace.toDepth')} onInput={(event) => view.setCollapsed(rowsDeeperThan(tree, Math.max(0, Number(event.currentTarget.value) - 1)))} />
        </label>
      </div>
      <ServiceChips tree={tree} view={view} />
    </div>
  )
}

function ServiceChips({ tree, view }: { tree: TraceTree; view: TraceView }) {
  const counts = useMemo(() => {
    const totals = new Map<string, number>()
    for (const name of tree.spans.services) totals.set(name, (totals.get(name) ?? 0) + 1)
    return totals
  }, [tree])
  return (
    <div class="row wrap">
      {tree.serviceNames.map((name) => (
        <button key={name} class={`service-chip ${view.muted.has(name) ? 'muted' : ''}`} aria-pressed={!view.muted.has(name)} onClick={() => view.toggleService(name)}>
          <ServiceDot name={name} /> {name} <span class="num quiet">{counts.get(name)}</span>
        </button>
      ))}
      <Segmented
        label={t('trace.muteMode')}
        selected={view.mode}
        onSelect={view.setMode}
        items={[
          { id: 'dim', label: t('trace.dim') },
          { id: 'hide', label: t('trace.hide') },
        ]}
      />
    </div>
  )
}
