import { useLayoutEffect, useState } from 'preact/hooks'

export interface Box {
  scrollTop: number
  width: number
  height: number
}

// Size and scroll position of what a canvas is drawn into.
export function useBox(scroller: { current: HTMLDivElement | null }): Box {
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
