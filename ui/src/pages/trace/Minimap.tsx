import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { paint } from '../../components/palette'
import { t } from '../../i18n/translate'
import { duration } from '../../time/format'
import { drawMinimap, type Window } from './draw'
import type { TraceTree } from './tree'

const height = 46

interface MinimapProps {
  tree: TraceTree
  window: Window
  whole: Window
  onWindow: (window: Window) => void
  inset: number
  width: number
}

// Drag to zoom, double-click to see the whole trace; arrow keys pan and zoom.
export function Minimap({ tree, window, whole, onWindow, inset, width }: MinimapProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null)
  const colours = paint()
  useLayoutEffect(() => {
    if (canvas.current) drawMinimap(canvas.current, tree, width, height, colours)
  }, [tree, width, colours])
  const at = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * whole.to
  }
  const onDown = (event: PointerEvent) => {
    ;(event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)
    setDrag({ from: at(event), to: at(event) })
  }
  const onMove = (event: PointerEvent) => drag && setDrag({ ...drag, to: at(event) })
  const onUp = () => {
    if (!drag) return
    const [from, to] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)]
    setDrag(null)
    if (to - from > whole.to / 200) onWindow({ from, to })
  }
  const onKey = (event: KeyboardEvent) => {
    const next = keyWindow(event.key, window, whole)
    if (!next) return
    event.preventDefault()
    event.stopPropagation()
    onWindow(next)
  }
  const shade = drag ? { from: Math.min(drag.from, drag.to), to: Math.max(drag.from, drag.to) } : window
  const part = (value: number) => `${(value / whole.to) * 100}%`
  return (
    <div class="minimap" style={{ height: `${height}px`, marginLeft: `${inset}px` }}>
      <div
        class="minimap-area" style={{ width: `${width}px` }} role="slider" tabIndex={0}
        aria-label={t('trace.minimap')} aria-valuemin={0} aria-valuemax={Math.round(whole.to)} aria-valuenow={Math.round(window.from)}
        aria-valuetext={`${duration(window.from)} – ${duration(window.to)}`}
        onPointerDown={onDown} onPointerMove={onMove} onPointerUp={onUp} onKeyDown={onKey} onDblClick={() => onWindow(whole)}
      >
        <canvas ref={canvas} />
        <div class="minimap-shade" style={{ left: 0, width: part(shade.from) }} />
        <div class="minimap-shade" style={{ left: part(shade.to), right: 0 }} />
      </div>
    </div>
  )
}

function keyWindow(key: string, { from, to }: Window, whole: Window): Window | null {
  const span = to - from
  const clamp = (start: number, size: number): Window => {
    const begin = Math.max(0, Math.min(whole.to - size, start))
    return { from: begin, to: begin + size }
  }
  if (key === 'ArrowLeft') return clamp(from - span / 10, span)
  if (key === 'ArrowRight') return clamp(from + span / 10, span)
  if (key === 'ArrowUp' || key === '+') return clamp(from + span / 4, span / 2)
  if (key === 'ArrowDown' || key === '-') return clamp(from - span / 2, Math.min(whole.to, span * 2))
  return key === 'Escape' ? whole : null
}
