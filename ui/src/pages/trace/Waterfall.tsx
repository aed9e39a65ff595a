import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { paint } from '../../components/palette'
import { t } from '../../i18n/translate'
import { language } from '../../settings/settings'
import { useKeys } from '../../shell/keys'
import { duration } from '../../time/format'
import { drawBars, rowHeight, ticks, type Window } from './draw'
import { Minimap } from './Minimap'
import type { ViewProps } from './LazyView'
import { useBox, type Box } from './useBox'
import { RowNode } from './WaterfallRow'

const mostRows = 78
const nameShare = 0.38
const nameWidth = (width: number): number => Math.max(150, Math.min(460, Math.round(width * nameShare)))

const barsWidth = (box: Box, inset: number): number => Math.max(10, box.width - inset - 14)

export function Waterfall({ trace, view, selected, onSelect }: ViewProps) {
  const { tree } = trace
  const whole = useMemo<Window>(() => ({ from: 0, to: Math.max(1, tree.extent) }), [tree])
  const [zoom, setZoom] = useState<Window | null>(null)
  const window = zoom ?? whole
  const setWindow = (next: Window) => setZoom(next === whole ? null : next)
  const scroller = useRef<HTMLDivElement>(null)
  const box = useBox(scroller)
  const { rows } = view
  const first = Math.max(0, Math.min(Math.floor(box.scrollTop / rowHeight), rows.length - 1))
  const shown = Math.min(rows.length - first, Math.ceil(box.height / rowHeight) + 1, mostRows)
  const names = nameWidth(box.width)
  const selectAt = (index: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))]
    if (row === undefined) return
    onSelect(row)
    reveal(scroller.current, index)
  }
  useTreeKeys({ trace, view, selected, selectAt, onSelect })
  useEffect(() => {
    const index = rows.indexOf(selected)
    if (index >= 0) reveal(scroller.current, index)
  }, [selected, rows])
  const width = barsWidth(box, names)
  // Scrolling leaves these as they are, so they are not even compared.
  const above = useMemo(
    () => (
      <>
        <Minimap tree={tree} window={window} onWindow={setWindow} whole={whole} inset={names} width={width} />
        <Ruler window={window} inset={names} width={width} zoomed={window !== whole} reset={() => setWindow(whole)} />
      </>
    ),
    [tree, window, names, width, language.value],
  )
  return (
    <div class="waterfall panel">
      {above}
      <div class="waterfall-scroll" ref={scroller} role="treegrid" aria-label={t('trace.waterfall')} aria-rowcount={rows.length} aria-colcount={2} tabIndex={0} {...(selected >= 0 ? { 'aria-activedescendant': `row-${selected}` } : {})}>
        <div class="waterfall-space" style={{ height: `${rows.length * rowHeight}px` }} role="presentation">
          <div class="waterfall-view" style={{ height: `${box.height}px` }} role="presentation">
            <Bars trace={trace} view={view} window={window} selected={selected} first={first} box={box} inset={names} />
            {Array.from({ length: Math.max(0, shown) }, (_, offset) => (
              <RowNode key={(first + offset) % mostRows} trace={trace} view={view} index={first + offset} top={(first + offset) * rowHeight - box.scrollTop} inset={names} selected={selected} onSelect={onSelect} />
            ))}
          </div>
        </div>
      </div>
    </div>
  )
}

function reveal(host: HTMLElement | null, index: number): void {
  if (!host) return
  const top = index * rowHeight
  if (top < host.scrollTop + rowHeight) host.scrollTop = top - rowHeight * 2
  else if (top > host.scrollTop + host.clientHeight - rowHeight * 2) host.scrollTop = top - host.clientHeight + rowHeight * 3
}

interface TreeKeys extends Omit<ViewProps, 'source'> {
  selectAt: (index: number) => void
}

function useTreeKeys({ trace: { tree, groups }, view, selected, selectAt, onSelect }: TreeKeys): void {
  const at = () => view.rows.indexOf(selected)
  const opens = () => selected >= 0 && (tree.childCount[selected] ?? 0) > 0
  const fold = () => {
    if (selected < 0 || view.foldedAt(selected)) return toParent()
    if (opens() && !view.collapsed.has(selected)) return view.setCollapsed(new Set(view.collapsed).add(selected))
    const group = groups.list[groups.of[selected] ?? -1]
    if (!group || !view.folding) return toParent()
    view.setFolded(selected, true)
    onSelect(group.head)
  }
  const toParent = () => {
    if ((tree.parentRow[selected] ?? -1) >= 0) onSelect(tree.parentRow[selected] ?? 0)
  }
  const unfold = () => {
    if (view.foldedAt(selected)) return view.setFolded(selected, false)
    const next = new Set(view.collapsed)
    if (next.delete(selected)) view.setCollapsed(next)
    else if (opens()) selectAt(at() + 1)
  }
  const move = (step: number) => () => selectAt(at() + step)
  useKeys({
    j: move(1), ArrowDown: move(1), k: move(-1), ArrowUp: move(-1),
    PageDown: move(15), PageUp: move(-15), Home: () => selectAt(0), End: () => selectAt(view.rows.length - 1),
    h: fold, ArrowLeft: fold, l: unfold, ArrowRight: unfold,
  })
}

interface BarsProps extends Omit<ViewProps, 'source' | 'onSelect'> {
  window: Window
  first: number
  box: Box
  inset: number
}

function Bars({ trace: { tree, path }, view, window, selected, first, box, inset }: BarsProps) {
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
      path: view.critical ? path : null,
      foldedAt: view.foldedAt,
      label: duration,
    })
  }, [tree, view.rows, view.muted, view.mode, view.matches, view.critical, window, selected, first, box, inset, colours])
  return <canvas ref={canvas} class="waterfall-bars" style={{ left: `${inset}px` }} aria-hidden="true" />
}

const none: ReadonlySet<string> = new Set()

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
