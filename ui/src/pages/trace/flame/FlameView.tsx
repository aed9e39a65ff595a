import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { paint } from '../../../components/palette'
import { ShowQuery } from '../../../components/ShowQuery'
import { Segmented } from '../../../components/Tabs'
import { t } from '../../../i18n/translate'
import { useKeys } from '../../../shell/keys'
import { duration, percent } from '../../../time/format'
import { useParam } from '../../../url/state'
import type { Window } from '../draw'
import type { ViewProps } from '../LazyView'
import { spansQuery } from '../load'
import { nameOf, serviceOf } from '../tree'
import { useBox } from '../useBox'
import { drawFlame, laneHeight } from './drawFlame'
import { frameAt, framesByOperation, framesByTime, neighbour, type Direction, type Frames } from './frames'
import './flame.css'

export default function FlameView({ source, trace, view, selected, onSelect }: ViewProps) {
  const [mode, setMode] = useParam('flame', 'time')
  const frames = useMemo(() => (mode === 'operation' ? framesByOperation(trace) : framesByTime(trace)), [trace, mode])
  const [zoomed, setZoomed] = useState<{ frames: Frames; window: Window } | null>(null)
  const window = zoomed?.frames === frames ? zoomed.window : { from: 0, to: Math.max(1, frames.extent) }
  const [hovered, setHovered] = useState(-1)
  const chosen = selected < 0 ? -1 : (frames.frameOf[selected] ?? -1)
  const zoom = (frame: number) => {
    if (frame < 0 || (frames.to[frame] as number) <= (frames.from[frame] as number)) return setZoomed(null)
    setZoomed({ frames, window: { from: frames.from[frame] as number, to: frames.to[frame] as number } })
  }
  const go = (direction: Direction) => () => {
    const next = neighbour(frames, chosen, direction)
    if (next >= 0) onSelect(frames.row[next] as number)
  }
  useKeys({
    ArrowUp: go('up'), ArrowDown: go('down'), ArrowLeft: go('left'), ArrowRight: go('right'),
    k: go('up'), j: go('down'), h: go('left'), l: go('right'), Enter: () => zoom(chosen), Backspace: () => setZoomed(null),
  })
  return (
    <section class="panel flame">
      <header>
        <h2>{t('trace.view.flame')}</h2>
        <Segmented
          label={t('trace.flame.mode')} selected={mode} onSelect={setMode}
          items={[{ id: 'time', label: t('trace.flame.time') }, { id: 'operation', label: t('trace.flame.operation') }]}
        />
        <div class="tools">
          {zoomed?.frames === frames && <button class="button small" onClick={() => setZoomed(null)}>{t('trace.resetZoom')}</button>}
          {source.records === null && <ShowQuery query={spansQuery(source.traceId)} />}
        </div>
      </header>
      <p class="flame-about num" role="status"><About trace={trace} frames={frames} frame={hovered >= 0 ? hovered : chosen} /></p>
      <FlameCanvas
        trace={trace} frames={frames} window={window} chosen={chosen} hovered={hovered} onHover={setHovered}
        onPick={(frame) => onSelect(frames.row[frame] as number)} onZoom={zoom}
        faded={(row) => (view.errorsOnly && trace.tree.errorsBelow[row] === 0) || view.muted.has(serviceOf(trace.tree, row)) || (view.matches !== null && !view.matches.has(row))}
      />
    </section>
  )
}

function About({ trace: { tree }, frames, frame }: { trace: ViewProps['trace']; frames: Frames; frame: number }) {
  if (frame < 0) return <>{t('trace.flame.hint')}</>
  const row = frames.row[frame] as number
  const time = (frames.to[frame] as number) - (frames.from[frame] as number)
  const parts = [serviceOf(tree, row), nameOf(tree, row) || t('trace.placeholder'), duration(time), percent(time / frames.extent)]
  if ((frames.spans[frame] as number) > 1) parts.push(t('trace.flame.spans', { n: frames.spans[frame] as number }))
  return <>{parts.join(' · ')}</>
}

interface CanvasProps {
  trace: ViewProps['trace']
  frames: Frames
  window: Window
  chosen: number
  hovered: number
  onHover: (frame: number) => void
  onPick: (frame: number) => void
  onZoom: (frame: number) => void
  faded: (row: number) => boolean
}

function FlameCanvas({ trace, frames, window, chosen, hovered, onHover, onPick, onZoom, faded }: CanvasProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const box = useBox(scroller)
  const colours = paint()
  useLayoutEffect(() => {
    if (!canvas.current) return
    drawFlame(canvas.current, { trace, frames, window, width: box.width, height: box.height, scrollTop: box.scrollTop, selected: chosen, hovered, faded, colours })
  })
  const under = (event: MouseEvent): number => {
    const area = (event.currentTarget as HTMLElement).getBoundingClientRect()
    const perPixel = (window.to - window.from) / box.width
    const lane = Math.floor((event.clientY - area.top + box.scrollTop) / laneHeight)
    return frameAt(frames, lane, window.from + (event.clientX - area.left) * perPixel, perPixel)
  }
  const pick = (event: MouseEvent) => {
    const frame = under(event)
    if (frame >= 0) onPick(frame)
  }
  return (
    <div class="flame-scroll" ref={scroller} tabIndex={0} role="group" aria-label={t('trace.flame.label')}>
      <div style={{ height: `${frames.lanes.length * laneHeight}px`, minHeight: '100%' }}>
        <canvas
          ref={canvas} class="flame-canvas" role="img" aria-label={t('trace.flame.summary', { n: frames.row.length, lanes: frames.lanes.length })}
          onMouseMove={(event) => onHover(under(event))} onMouseLeave={() => onHover(-1)} onClick={pick} onDblClick={(event) => onZoom(under(event))}
        />
      </div>
    </div>
  )
}
