import type { ComponentChildren } from 'preact'
import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { copyText } from '../components/Copy'
import { t } from '../i18n/translate'
import { pages } from '../pages/pages'
import { navWidth } from '../settings/settings'
import { linkTo, refresh, shareableAddress } from '../url/state'
import { HelpDialog } from './HelpDialog'
import { useKeys, type KeyMap } from './keys'
import { Nav, PagesDialog } from './Nav'
import { Palette } from './Palette'
import { SettingsDialog } from './SettingsDialog'
import './shell.css'

export const opened = signal<'palette' | 'help' | 'settings' | 'pages' | null>(null)

export function Shell({ children }: { children: ComponentChildren }) {
  const [, navigate] = useLocation()
  const main = useRef<HTMLElement>(null)
  const goKeys: KeyMap = {}
  for (const page of pages) if (page.key) goKeys[`g ${page.key}`] = () => navigate(linkTo(page.path))
  useKeys({
    ...goKeys,
    '?': () => (opened.value = 'help'),
    r: refresh,
    y: () => void copyText(shareableAddress()),
    '/': () => document.querySelector<HTMLElement>('[data-search]')?.focus(),
  })
  useEffect(() => {
    const onPalette = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return
      event.preventDefault()
      opened.value = opened.value === 'palette' ? null : 'palette'
    }
    document.addEventListener('keydown', onPalette)
    return () => document.removeEventListener('keydown', onPalette)
  }, [])
  const skip = (event: Event) => {
    event.preventDefault()
    main.current?.focus()
  }
  return (
    <div class={`shell ${navWidth.value}`}>
      <a class="skip" href="#main" onClick={skip}>
        {t('shell.skip')}
      </a>
      <Nav />
      <main class="body" id="main" tabIndex={-1} ref={main}>
        {children}
      </main>
      {opened.value === 'palette' && <Palette close={() => (opened.value = null)} />}
      {opened.value === 'help' && <HelpDialog close={() => (opened.value = null)} />}
      {opened.value === 'pages' && <PagesDialog close={() => (opened.value = null)} />}
      {opened.value === 'settings' && <SettingsDialog close={() => (opened.value = null)} />}
    </div>
  )
}
