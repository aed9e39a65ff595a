import { useMemo, useRef, useState } from 'preact/hooks'
import { Icon } from '../../components/Icon'
import { ServiceDot } from '../../components/Service'
import { Segmented } from '../../components/Tabs'
import { t } from '../../i18n/translate'
import { useKeys } from '../../shell/keys'
import type { Trace } from './trace'
import { isError } from './tree'
import type { TraceView } from './useTraceView'
import { rowsDeeperThan } from './view'

interface ToolbarProps {
  trace: Trace
  view: TraceView
  selected: number
  onSelect: (row: number) => void
  rowsShown: boolean
}

export function TraceToolbar({ trace, view, selected, onSelect, rowsShown }: ToolbarProps) {
  const { tree } = trace
  // Looks through all rows, also those in closed subtrees and folds: selecting one reveals it.
  const step = (wanted: (row: number) => boolean) => {
    for (let offset = 1; offset <= tree.total; offset += 1) {
      const row = (Math.max(-1, selected) + offset) % tree.total
      if (wanted(row)) return onSelect(row)
    }
  }
  const nextError = () => step((row) => isError(tree, row))
  const nextMatch = () => step((row) => view.matches?.has(row) ?? false)
  useKeys({ n: nextError })
  const onFindKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter') nextMatch()
    if (event.key === 'Escape') (event.currentTarget as HTMLElement).blur()
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
          {view.matches && <span class="num quiet" role="status">{t('trace.matches', { n: view.matches.size })}</span>}
        </label>
        <button class="button small" aria-pressed={view.errorsOnly} onClick={() => view.setErrorsOnly(!view.errorsOnly)}>
          <Icon name="error" size={13} /> {t('trace.errorsOnly')}
        </button>
        <button class="button small" disabled={tree.errorCount === 0} onClick={nextError}>
          {t('trace.nextError')} <kbd>n</kbd>
        </button>
        {rowsShown && <RowTools trace={trace} view={view} />}
      </div>
      <ServiceChips trace={trace} view={view} />
    </div>
  )
}

function RowTools({ trace: { tree, groups }, view }: Pick<ToolbarProps, 'trace' | 'view'>) {
  const toDepth = (event: { currentTarget: HTMLInputElement }) => {
    const depth = Number(event.currentTarget.value)
    view.setCollapsed(depth >= 1 ? rowsDeeperThan(tree, depth - 1) : new Set())
  }
  return (
    <>
      <button class="button small" aria-pressed={view.critical} onClick={() => view.setCritical(!view.critical)} title={t('trace.critical.hint')}>
        {t('trace.critical')} <kbd>c</kbd>
      </button>
      {groups.list.length > 0 && (
        <button class="button small" aria-pressed={view.folding} onClick={() => view.setFolding(!view.folding)} title={t('trace.fold.hint')}>
          {t('trace.fold')} <span class="num">{groups.list.length}</span>
        </button>
      )}
      <button class="button small plain" onClick={() => view.setCollapsed(new Set())}>
        {t('trace.expandAll')}
      </button>
      <button class="button small plain" onClick={() => view.setCollapsed(rowsDeeperThan(tree, 0))}>
        {t('trace.collapseAll')}
      </button>
      <label class="row hide-phone">
        <span class="quiet">{t('trace.toDepth')}</span>
        <input class="field small depth" type="number" min={1} max={tree.depthMost} aria-label={t('trace.toDepth')} onInput={toDepth} />
      </label>
    </>
  )
}

const fewServices = 10

function ServiceChips({ trace: { tree }, view }: Pick<ToolbarProps, 'trace' | 'view'>) {
  const [wanted, setWanted] = useState('')
  const row = useRef<HTMLDivElement>(null)
  const counts = useMemo(() => {
    const totals = new Map<string, number>()
    for (const name of tree.spans.services) totals.set(name, (totals.get(name) ?? 0) + 1)
    return [...totals].sort((left, right) => right[1] - left[1])
  }, [tree])
  useKeys({ f: () => row.current?.querySelector<HTMLElement>('input, button')?.focus() })
  const toggle = (name: string) => {
    const next = new Set(view.muted)
    if (!next.delete(name)) next.add(name)
    view.setMuted(next)
  }
  const fitting = counts.filter(([name]) => name.toLowerCase().includes(wanted.trim().toLowerCase()))
  const shown = fitting.slice(0, 24)
  return (
    <div class="row wrap" ref={row} role="group" aria-label={t('trace.serviceFilter')}>
      {counts.length > fewServices && (
        <input class="field small" value={wanted} placeholder={t('trace.serviceFilter')} aria-label={t('trace.serviceFilter')} onInput={(event) => setWanted(event.currentTarget.value)} />
      )}
      {shown.map(([name, total]) => (
        <button key={name} class={`service-chip ${view.muted.has(name) ? 'muted' : ''}`} aria-pressed={!view.muted.has(name)} onClick={() => toggle(name)}>
          <ServiceDot name={name} /> {name} <span class="num quiet">{total}</span>
        </button>
      ))}
      {fitting.length > shown.length && <span class="quiet">{t('trace.moreServices', { n: fitting.length - shown.length })}</span>}
      {view.muted.size > 0 && (
        <button class="button small plain" onClick={() => view.setMuted([])}>
          {t('trace.showAll')}
        </button>
      )}
      {view.muted.size === 0 && wanted !== '' && fitting.length > 0 && (
        <button class="button small plain" onClick={() => view.setMuted(counts.map(([name]) => name).filter((name) => !fitting.some(([kept]) => kept === name)))}>
          {t('trace.onlyThese')}
        </button>
      )}
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
