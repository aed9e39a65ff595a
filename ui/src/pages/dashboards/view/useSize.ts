import { useEffect, useLayoutEffect, useRef, useState, type MutableRef } from 'preact/hooks'

// The width of an element as it changes.
export function useWidth<T extends HTMLElement>(): [MutableRef<T | null>, number] {
  const box = useRef<T | null>(null)
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return
    setWidth(element.clientWidth)
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return [box, width]
}

// Whether an element is in view, or soon will be: only then its panel asks.
export function useInView<T extends HTMLElement>(): [MutableRef<T | null>, boolean] {
  const box = useRef<T | null>(null)
  const [seen, setSeen] = useState(false)
  useEffect(() => {
    const element = box.current
    if (!element) return
    const observer = new IntersectionObserver((entries) => setSeen(entries.at(-1)?.isIntersecting ?? false), { root: element.closest('.page'), rootMargin: '180px 0px' })
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return [box, seen]
}
