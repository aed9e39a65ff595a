import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Icon } from '../../components/Icon'
import { paint } from '../../components/palette'
import { serviceVariable } from '../../components/palette'
import { t } from '../../i18n/translate'
import { useKeys } from '../../shell/keys'
import { duration } from '../../time/format'
import { drawBars, rowHeight, ticks, type Window } from './draw'
import { Minimap } from './Minimap'
import type { TraceView } from './TraceToolbar'
import { flag, isError, type TraceTree } from './tree'

interface WaterfallProps {
  tree: TraceTree
  view: TraceView
  selected: number
  onSelect: (row: number) => void
}

interface Box {
  scrollTop: number
  width: number
  height: number
}

const nameShare = 0.38
const nameWidth = (width: number): number => Math.max(150, Math.min(460, Math.round(width * nameShare)))

const barsWidth = (box: Box, inset: number): number => Math.max(10, box.width - inset - 14)

export function Waterfall({ tree, view, selected, onSelect }: WaterfallProps) {
  const whole = useMemo<Window>(() => ({ from: 0, to: Math.max(1, tree.extent) }), [tree])
  const [window, setWindow] = useState(whole)
  const scroller = useRef<HTMLDivElement>(null)
  const box = useBox(scroller)
  const { rows } = view
  const first = Math.max(0, Math.min(Math.floor(box.scrollTop / rowHeight), rows.length - 1))
  const shown = Math.min(rows.length - first, Math.ceil(box.height / rowHeight) + 1, 78)
  const names = nameWidth(box.width)
  const selectAt = (index: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))]
    if (row === undefined) return
    onSelect(row)
    reveal(scroller.current, index)
  }
  useTreeKeys({ tree, view, selected, selectAt, onSelect })
  useEffect(() => {
    const index = rows.indexOf(selected)
    if (index >= 0) reveal(scroller.current, index)
  }, [selected])
  return (
    <div class="waterfall panel">
      <Minimap tree={tree} window={window} onWindow={setWindow} whole={whole} inset={names} width={barsWidth(box, names)} />
      <Ruler window={window} inset={names} width={barsWidth(box, names)} zoomed={window !== whole} reset={() => setWindow(whole)} />
      <div class="waterfall-scroll" ref={scroller} role="treegrid" aria-label={t('trace.waterfall')} aria-rowcount={rows.length} tabIndex={0}>
        <div class="waterfall-space" style={{ height: `${rows.length * rowHeight}px` }} role="presentation">
          <div class="waterfall-view" style={{ height: `${box.height}px` }} role="presentation">
            <Bars tree={tree} view={view} window={window} selected={selected} first={first} box={box} inset={names} />
            {Array.from({ length: Math.max(0, shown) }, (_, offset) => (
              <RowNode key={offset} tree={tree} view={view} index={first + offset} top={(first + offset) * rowHeight - box.scrollTop} inset={names} selected={selected} onSelect={onSelect} />
            ))}
          </div>
        </div>
      </div>
    </div>
  )
}

function useBox(scroller: { current: HTMLDivElement | null }): Box {
  const [box, setBox] = useState<Box>({ scrollTop: 0, width: 800, height: 400 })
  useLayoutEffect(() => {
    const host = scroller.current
    if (!host) return
    const read = () => setBox({ scrollTop: host.scrollTop, width: host.clientWidth, height: host.clientHeight })
    read()
    const observer = new ResizeObserver(read)
    observer.observe(host)
    host.addEventListener('scroll', read, { passive: true })
    return () => {
      observer.disconnect()
      host.removeEventListener('scroll', read)
    }
  }, [])
  return box
}

function reveal(host: HTMLElement | null, index: number): void {
  if (!host) return
  const top = index * rowHeight
  if (top < host.scrollTop + rowHeight) host.scrollTop = top - rowHeight * 2
  else if (top > host.scrollTop + host.clientHeight - rowHeight * 2) host.scrollTop = top - host.clientHeight + rowHeight * 3
}

interface TreeKeys extends WaterfallProps {
  selectAt: (index: number) => void
}

function useTreeKeys({ tree, view, selected, selectAt, onSelect }: TreeKeys): void {
  const at = () => view.rows.indexOf(selected)
  const fold = () => {
    if (selected < 0) return
    const open = (tree.childCount[selected] ?? 0) > 0 && !view.collapsed.has(selected)
    if (open) view.setCollapsed(new Set(view.collapsed).add(selected))
    else if ((tree.parentRow[selected] ?? -1) >= 0) onSelect(tree.parentRow[selected] ?? 0)
  }
  const unfold = () => {
    const next = new Set(view.collapsed)
    if (next.delete(selected)) view.setCollapsed(next)
    else if ((tree.childCount[selected] ?? 0) > 0) selectAt(at() + 1)
  }
  const move = (step: number) => () => selectAt(at() + step)
  useKeys({
    j: move(1), ArrowDown: move(1), k: move(-1), ArrowUp: move(-1),
    PageDown: move(15), PageUp: move(-15), Home: () => selectAt(0), End: () => selectAt(view.rows.length - 1),
    h: fold, ArrowLeft: fold, l: unfold, ArrowRight: unfold,
  })
}

interface BarsProps extends Omit<WaterfallProps, 'onSelect'> {
  window: Window
  first: number
  box: Box
  inset: number
}

function Bars({ tree, view, window, selected, first, box, inset }: BarsProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const colours = paint()
  useLayoutEffect(() => {
    if (!canvas.current) return
    drawBars(canvas.current, {
      tree, window, selected, first, colours,
      rows: view.rows,
      scrollTop: box.scrollTop,
      width: barsWidth(box, inset),
      height: box.height,
      dimmed: view.mode === 'dim' ? view.muted : none,
      matches: view.matches,
      label: duration,
    })
  }, [tree, view.rows, view.muted, view.mode, view.matches, window, selected, first, box, inset, colours])
  return <canvas ref={canvas} class="waterfall-bars" style={{ left: `${inset}px` }} aria-hidden="true" />
}

const none: ReadonlySet<string> = new Set()

// Deep traces indent less, so that names keep their room.
const indentStep = (tree: TraceTree, inset: number): number => Math.max(5, Math.min(14, (inset * 0.5) / Math.max(1, tree.depthMost)))

interface RowProps extends WaterfallProps {
  index: number
  top: number
  inset: number
}

function RowNode({ tree, view, index, top, inset, selected, onSelect }: RowProps) {
  const row = view.rows[index] as number
  const span = tree.spanOf[row] as number
  const kids = tree.childCount[row] as number
  const open = !view.collapsed.has(row)
  const toggle = useCallback(
    (event: Event) => {
      event.stopPropagation()
      const next = new Set(view.collapsed)
      if (!next.delete(row)) next.add(row)
      view.setCollapsed(next)
    },
    [view.collapsed, row],
  )
  const service = span < 0 ? '' : (tree.spans.services[span] as string)
  const depth = tree.depth[row] as number
  return (
    <div
      class={`waterfall-row ${row === selected ? 'selected' : ''} ${view.muted.has(service) ? 'muted' : ''}`}
      style={{ transform: `translateY(${top}px)`, height: `${rowHeight}px` }}
      role="row" aria-level={depth + 1} aria-rowindex={index + 1} aria-selected={row === selected}
      {...(kids > 0 ? { 'aria-expanded': open } : {})}
      onClick={() => onSelect(row)}
    >
      <div class="waterfall-name" role="gridcell" style={{ width: `${inset}px`, paddingLeft: `${8 + Math.min(depth * indentStep(tree, inset), inset * 0.6)}px` }}>
        {kids > 0 ? (
          <button class="fold" tabIndex={-1} onClick={toggle} aria-label={t(open ? 'trace.collapse' : 'trace.expand')}>
            <Icon name={open ? 'down' : 'right'} size={12} />
            {!open && <span class="num">{(tree.endRow[row] as number) - row - 1}</span>}
          </button>
        ) : (
          <span class="fold" />
        )}
        <span class="bar-mark" style={{ background: span < 0 ? 'transparent' : serviceVariable(service) }} />
        {isError(tree, row) && <span class="error-text"><Icon name="error" size={13} label={t('trace.error')} /></span>}
        <RowTitle tree={tree} row={row} />
      </div>
      <div class="visually-hidden" role="gridcell">
        {t('trace.rowTimes', { start: duration(tree.start[row] as number), duration: duration(tree.duration[row] as number) })}
      </div>
    </div>
  )
}

function RowTitle({ tree, row }: { tree: TraceTree; row: number }) {
  const span = tree.spanOf[row] as number
  const flags = tree.flags[row] as number
  if (span < 0) return <em class="quiet cut">{t('trace.placeholder')}</em>
  const marks = [
    flags & flag.skew && t('trace.mark.skew'),
    flags & flag.cycle && t('trace.mark.cycle'),
    flags & flag.selfParent && t('trace.mark.selfParent'),
    flags & flag.duplicate && t('trace.mark.duplicate'),
  ].filter((mark) => typeof mark === 'string')
  return (
    <>
      <span class="cut" title={`${tree.spans.services[span]} · ${tree.spans.names[span]}`}>
        <b>{tree.spans.services[span]}</b> {tree.spans.names[span]}
      </span>
      {marks.map((mark) => (
        <span class="tag warn" key={mark}>
          <Icon name="skew" size={11} /> {mark}
        </span>
      ))}
    </>
  )
}

function Ruler({ window, inset, width, zoomed, reset }: { window: Window; inset: number; width: number; zoomed: boolean; reset: () => void }) {
  const span = window.to - window.from
  return (
    <div class="ruler">
      <div class="ruler-left" style={{ width: `${inset}px` }}>
        <span>{t('trace.operation')}</span>
        {zoomed && (
          <button class="button small plain push" onClick={reset}>
            {t('trace.resetZoom')}
          </button>
        )}
      </div>
      <div class="ruler-marks num" style={{ width: `${width}px` }}>
        {ticks(window).map((mark) => (
          <span key={mark} style={{ left: `${((mark - window.from) / span) * 100}%` }}>
            {duration(mark)}
          </span>
        ))}
      </div>
    </div>
  )
}
