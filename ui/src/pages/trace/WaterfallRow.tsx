import { Icon } from '../../components/Icon'
import { serviceVariable } from '../../components/palette'
import { t } from '../../i18n/translate'
import { duration } from '../../time/format'
import { rowHeight } from './draw'
import type { Group } from './groups'
import type { ViewProps } from './LazyView'
import { flag, isError, nameOf, serviceOf, type TraceTree } from './tree'
import { onPath } from './critical'

// Deep traces indent less, so that names keep their room.
const indentStep = (tree: TraceTree, inset: number): number => Math.max(5, Math.min(14, (inset * 0.5) / Math.max(1, tree.depthMost)))

interface RowProps extends Omit<ViewProps, 'source'> {
  index: number
  top: number
  inset: number
}

export function RowNode({ trace, view, index, top, inset, selected, onSelect }: RowProps) {
  const { tree } = trace
  const row = view.rows[index] as number
  const service = serviceOf(tree, row)
  const depth = tree.depth[row] as number
  const group = view.foldedAt(row)
  const opens = group !== null || (tree.childCount[row] as number) > 0
  const faded = view.muted.has(service) || (group === null && view.matches !== null && !view.matches.has(row))
  const critical = view.critical && onPath(trace.path, row)
  return (
    <div
      class={`waterfall-row ${row === selected ? 'selected' : ''} ${faded ? 'muted' : ''}`}
      style={{ transform: `translateY(${top}px)`, height: `${rowHeight}px` }}
      id={`row-${row}`} role="row" aria-level={depth + 1} aria-rowindex={index + 1} aria-selected={row === selected}
      {...(opens ? { 'aria-expanded': group === null && !view.collapsed.has(row) } : {})}
      onClick={() => onSelect(row)}
    >
      <div class="waterfall-name" role="gridcell" style={{ width: `${inset}px`, paddingLeft: `${8 + Math.min(depth * indentStep(tree, inset), inset * 0.6)}px` }}>
        <FoldButton tree={tree} row={row} view={view} group={group} opens={opens} />
        <span class={`bar-mark ${critical ? 'critical' : ''}`} style={{ background: service === '' ? 'transparent' : serviceVariable(service) }} />
        {(group ? group.errors > 0 : isError(tree, row)) && (
          <span class="error-text row"><Icon name="error" size={13} label={t('trace.error')} />{group && <span class="num">{group.errors}</span>}</span>
        )}
        {group && <span class="tag num" title={t('trace.group.hint', { shortest: duration(group.shortest), longest: duration(group.longest) })}>×{group.members.length}</span>}
        <RowTitle tree={tree} row={row} />
        {!group && <Refold trace={trace} row={row} view={view} />}
      </div>
      <div class="visually-hidden" role="gridcell">
        {group
          ? t('trace.rowGroup', { n: group.members.length, total: duration(group.total) })
          : t('trace.rowTimes', { start: duration(tree.start[row] as number), duration: duration(tree.duration[row] as number) })}
      </div>
    </div>
  )
}

function FoldButton({ tree, row, view, group, opens }: { tree: TraceTree; row: number; view: ViewProps['view']; group: Group | null; opens: boolean }) {
  if (!opens) return <span class="fold" />
  const open = group === null && !view.collapsed.has(row)
  const toggle = (event: Event) => {
    event.stopPropagation()
    if (group) return view.setFolded(row, false)
    const next = new Set(view.collapsed)
    if (!next.delete(row)) next.add(row)
    view.setCollapsed(next)
  }
  return (
    <button class="fold" tabIndex={-1} onClick={toggle} aria-label={t(open ? 'trace.collapse' : 'trace.expand')}>
      <Icon name={open ? 'down' : 'right'} size={12} />
      {!open && <span class="num">{group ? group.spans : (tree.endRow[row] as number) - row - 1}</span>}
    </button>
  )
}

// On the first of opened repeats: the way back.
function Refold({ trace: { groups }, row, view }: { trace: ViewProps['trace']; row: number; view: ViewProps['view'] }) {
  const group = groups.list[groups.of[row] as number]
  if (!group || group.head !== row || !view.folding) return null
  const fold = (event: Event) => {
    event.stopPropagation()
    view.setFolded(row, true)
  }
  return (
    <button class="tag num refold" tabIndex={-1} onClick={fold} aria-label={t('trace.refold', { n: group.members.length })} title={t('trace.refold', { n: group.members.length })}>
      <Icon name="up" size={11} /> ×{group.members.length}
    </button>
  )
}

function RowTitle({ tree, row }: { tree: TraceTree; row: number }) {
  const flags = tree.flags[row] as number
  if ((tree.spanOf[row] as number) < 0) return <em class="quiet cut">{t('trace.placeholder')}</em>
  const marks = [
    flags & flag.skew && t('trace.mark.skew'),
    flags & flag.cycle && t('trace.mark.cycle'),
    flags & flag.selfParent && t('trace.mark.selfParent'),
    flags & flag.duplicate && t('trace.mark.duplicate'),
  ].filter((mark) => typeof mark === 'string')
  return (
    <>
      <span class="cut" title={`${serviceOf(tree, row)} · ${nameOf(tree, row)}`}>
        <b>{serviceOf(tree, row)}</b> {nameOf(tree, row)}
      </span>
      {Boolean(flags & flag.outlives) && <span class="quiet row" title={t('trace.outlives.hint')}><Icon name="skew" size={12} label={t('trace.mark.outlives')} /></span>}
      {marks.map((mark) => (
        <span class="tag warn" key={mark}>
          <Icon name="skew" size={11} /> {mark}
        </span>
      ))}
    </>
  )
}
