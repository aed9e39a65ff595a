// The only module that knows virtual-core.
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer, type VirtualItem } from '@tanstack/virtual-core'
import { useEffect, useLayoutEffect, useReducer, useRef, type MutableRef } from 'preact/hooks'

export type { VirtualItem }

export interface VirtualOptions {
  count: number
  scroller: MutableRef<HTMLElement | null>
  estimate: number
  overscan?: number
  keyOf?: (index: number) => string | number
}

export function useVirtual({ count, scroller, estimate, overscan = 8, keyOf }: VirtualOptions): Virtualizer<HTMLElement, HTMLElement> {
  const [, redraw] = useReducer((tick: number) => tick + 1, 0)
  const holder = useRef<Virtualizer<HTMLElement, HTMLElement> | null>(null)
  const options = {
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => estimate,
    overscan,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => redraw(0),
    ...(keyOf ? { getItemKey: keyOf } : {}),
  }
  holder.current ??= new Virtualizer<HTMLElement, HTMLElement>(options)
  const virtualizer = holder.current
  virtualizer.setOptions(options)
  useEffect(() => virtualizer._didMount(), [])
  useLayoutEffect(() => virtualizer._willUpdate())
  return virtualizer
}
