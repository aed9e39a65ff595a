import { useEffect, useRef, type MutableRef } from 'preact/hooks'
import { zoomAt, type Camera } from './drawing'
import type { Point } from './layout'

const clickSlack = 4 // pixels that a hand trembles

// One pointer moves the map, two zoom it, the wheel zooms at the pointer. The answer tells whether the
// last press was a drag, so that letting go over a node does not open it.
export function useDrag(host: MutableRef<HTMLElement | null>, camera: Camera, move: (camera: Camera) => void): MutableRef<boolean> {
  const dragged = useRef(false)
  const latest = useRef({ camera, move })
  latest.current = { camera, move }
  useEffect(() => {
    const surface = host.current
    if (!surface) return
    const pointers = new Map<number, Point>()
    let travelled = 0
    const at = ({ clientX, clientY }: { clientX: number; clientY: number }): Point => {
      const box = surface.getBoundingClientRect()
      return { x: clientX - box.left, y: clientY - box.top }
    }
    const apply = (next: Camera) => {
      latest.current.camera = next
      latest.current.move(next)
    }
    const down = (event: PointerEvent) => {
      if (event.button !== 0 || (event.target as Element).closest('.map-zoom')) return
      pointers.set(event.pointerId, at(event))
      travelled = 0
      dragged.current = false
    }
    const drag = (event: PointerEvent) => {
      const before = pointers.get(event.pointerId)
      if (!before) return
      const now = at(event)
      const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point)
      pointers.set(event.pointerId, now)
      travelled += Math.hypot(now.x - before.x, now.y - before.y)
      if (travelled < clickSlack) return
      dragged.current = true
      const { camera: held } = latest.current
      const other = others[0]
      if (!other) return apply({ ...held, x: held.x + now.x - before.x, y: held.y + now.y - before.y })
      const spread = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y))
      apply(zoomAt(held, spread, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }))
    }
    const up = (event: PointerEvent) => {
      pointers.delete(event.pointerId)
      // The click that ends a drag comes first; a key pressed later must not count as one.
      setTimeout(() => (dragged.current = false))
    }
    const wheel = (event: WheelEvent) => {
      event.preventDefault()
      apply(zoomAt(latest.current.camera, Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), at(event)))
    }
    const stop = (event: Event) => event.preventDefault() // links would be dragged instead of the map
    surface.addEventListener('pointerdown', down)
    window.addEventListener('pointermove', drag)
    window.addEventListener('pointerup', up)
    window.addEventListener('pointercancel', up)
    surface.addEventListener('wheel', wheel, { passive: false })
    surface.addEventListener('dragstart', stop)
    return () => {
      surface.removeEventListener('pointerdown', down)
      window.removeEventListener('pointermove', drag)
      window.removeEventListener('pointerup', up)
      window.removeEventListener('pointercancel', up)
      surface.removeEventListener('wheel', wheel)
      surface.removeEventListener('dragstart', stop)
    }
  }, [])
  return dragged
}
