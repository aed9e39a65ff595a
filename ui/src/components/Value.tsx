// Every displayed value opens one menu: filter, exclude, exists, what the page can do with its field, copy. A single menu serves all values.
import { signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { t } from '../i18n/translate'
import { addFilter } from '../url/state'
import { copyText } from './Copy'
import { Icon, type IconName } from './Icon'

interface Opened {
  key: string
  value: string
  anchor: HTMLElement
}

const opened = signal<Opened | null>(null)

// What a page can do with a field besides filtering by its value, such as grouping by it.
export interface FieldAction {
  icon: IconName
  label: (field: string) => string | null // null where it makes no sense
  act: (field: string) => void
}

const fieldActions = signal<readonly FieldAction[]>([])

export function useFieldActions(actions: readonly FieldAction[]): void {
  useEffect(() => {
    fieldActions.value = actions
    return () => {
      if (fieldActions.peek() === actions) fieldActions.value = []
    }
  }, [actions])
}

interface ValueProps {
  field: string
  value: string
  class?: string
  children?: ComponentChildren
  tabIndex?: number
}

export function Value({ field, value, children, tabIndex, ...rest }: ValueProps) {
  const open = (event: MouseEvent) => {
    event.stopPropagation()
    opened.value = { key: field, value, anchor: event.currentTarget as HTMLElement }
  }
  return (
    <button
      type="button"
      class={`value ${rest.class ?? ''}`}
      aria-haspopup="menu"
      onClick={open}
      title={`${field} = ${value.slice(0, 200)}`}
      {...(tabIndex === undefined ? {} : { tabIndex })}
    >
      {children ?? value}
    </button>
  )
}

function place(menu: HTMLElement, anchor: HTMLElement): void {
  const box = anchor.getBoundingClientRect()
  const { width, height } = menu.getBoundingClientRect()
  const below = box.bottom + 4 + height < window.innerHeight
  menu.style.left = `${Math.max(8, Math.min(box.left, window.innerWidth - width - 8))}px`
  menu.style.top = `${below ? box.bottom + 4 : Math.max(8, box.top - height - 4)}px`
}

export function ValueMenu() {
  const menu = useRef<HTMLDivElement>(null)
  const current = opened.value
  const close = () => {
    current?.anchor.focus()
    opened.value = null
  }
  useLayoutEffect(() => {
    if (!current || !menu.current) return
    place(menu.current, current.anchor)
    menu.current.querySelector('button')?.focus()
  }, [current])
  useEffect(() => {
    if (!current) return
    const outside = (event: Event) => {
      if (!menu.current?.contains(event.target as Node)) opened.value = null
    }
    document.addEventListener('pointerdown', outside)
    document.addEventListener('scroll', outside, true)
    return () => {
      document.removeEventListener('pointerdown', outside)
      document.removeEventListener('scroll', outside, true)
    }
  }, [current])
  if (!current) return null
  const { key, value } = current
  const act = (action: () => void) => () => {
    close()
    action()
  }
  return (
    <div class="float menu" role="menu" ref={menu} onKeyDown={(event) => moveInMenu(event, close)}>
      <div class="about mono" role="presentation">
        {key} = {value.slice(0, 240)}
      </div>
      <button role="menuitem" onClick={act(() => addFilter({ key, op: '=', value }))}>
        <Icon name="filter" /> {t('value.filter')}
      </button>
      <button role="menuitem" onClick={act(() => addFilter({ key, op: '!=', value }))}>
        <Icon name="exclude" /> {t('value.exclude')}
      </button>
      <button role="menuitem" onClick={act(() => addFilter({ key, op: '?', value: '' }))}>
        <Icon name="check" /> {t('value.exists')}
      </button>
      {fieldActions.value.map(({ icon, label, act: perform }) => {
        const name = label(key)
        return name === null ? null : (
          <button key={name} role="menuitem" onClick={act(() => perform(key))}>
            <Icon name={icon} /> {name}
          </button>
        )
      })}
      <button role="menuitem" onClick={act(() => void copyText(value))}>
        <Icon name="copy" /> {t('value.copy')}
      </button>
    </div>
  )
}

export function moveInMenu(event: KeyboardEvent, close: () => void): void {
  const items = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('button, a')]
  const at = items.indexOf(document.activeElement as HTMLElement)
  if (event.key === 'Escape' || event.key === 'Tab') {
    event.preventDefault()
    event.stopPropagation()
    close()
  } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault()
    const step = event.key === 'ArrowDown' ? 1 : -1
    items[(at + step + items.length) % items.length]?.focus()
  }
}
