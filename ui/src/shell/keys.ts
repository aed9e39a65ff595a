// Single-key shortcuts: pages register theirs while mounted; they can be switched off in the settings.
import { useEffect, useRef } from 'preact/hooks'
import { singleKeys } from '../settings/settings'

export type KeyMap = Record<string, (event: KeyboardEvent) => void>

const registered: { current: KeyMap }[] = []
let pendingG = 0

function typing(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0]
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName) || target.closest('dialog, [role="menu"]') !== null
}

function dispatch(event: KeyboardEvent): void {
  if (event.defaultPrevented || singleKeys.value === 'off') return
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event)) return
  const name = Date.now() - pendingG < 1200 ? `g ${event.key}` : event.key
  pendingG = 0
  if (name === 'g') {
    pendingG = Date.now()
    return
  }
  for (let index = registered.length - 1; index >= 0; index -= 1) {
    const action = registered[index]?.current[name]
    if (!action) continue
    event.preventDefault()
    action(event)
    return
  }
}

document.addEventListener('keydown', dispatch)

export function useKeys(map: KeyMap): void {
  const holder = useRef(map)
  holder.current = map
  useEffect(() => {
    registered.push(holder)
    return () => {
      registered.splice(registered.indexOf(holder), 1)
    }
  }, [])
}
