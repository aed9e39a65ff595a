import { computed, effect, signal } from '@preact/signals'

export type Theme = 'system' | 'dark' | 'light'
export type Language = 'en' | 'pt-BR'
export type Zone = 'browser' | 'utc'

function stored<T extends string>(name: string, allowed: readonly T[], fallback: T) {
  const key = `luneta.${name}`
  const known = readStorage(key)
  const value = signal<T>(allowed.includes(known as T) ? (known as T) : fallback)
  effect(() => writeStorage(key, value.value))
  return value
}

export function readStorage(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

export function writeStorage(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // Private windows may refuse storage; settings then last for the visit.
  }
}

const preferredLanguage: Language = navigator.languages?.some((tag) => tag.toLowerCase().startsWith('pt'))
  && !navigator.language.toLowerCase().startsWith('en')
  ? 'pt-BR'
  : 'en'

export const theme = stored<Theme>('theme', ['system', 'dark', 'light'], 'system')
export const language = stored<Language>('language', ['en', 'pt-BR'], preferredLanguage)
export const zone = stored<Zone>('zone', ['browser', 'utc'], 'browser')
export const singleKeys = stored<'on' | 'off'>('keys', ['on', 'off'], 'on')
export const navWidth = stored<'wide' | 'narrow'>('nav', ['wide', 'narrow'], 'wide')

const systemDark = matchMedia('(prefers-color-scheme: dark)')
const prefersDark = signal(systemDark.matches)
systemDark.addEventListener('change', (event) => {
  prefersDark.value = event.matches
})

export const darkness = computed<'dark' | 'light'>(() => {
  if (theme.value !== 'system') return theme.value
  return prefersDark.value ? 'dark' : 'light'
})

effect(() => {
  document.documentElement.dataset['theme'] = darkness.value
  document.documentElement.style.colorScheme = darkness.value
})
effect(() => {
  document.documentElement.lang = language.value
})

export const timeZone = computed(() => (zone.value === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone))
