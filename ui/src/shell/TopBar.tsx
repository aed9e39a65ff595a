import type { ComponentChildren } from 'preact'
import { copyText } from '../components/Copy'
import { Icon } from '../components/Icon'
import { LoadingBar } from '../components/Notice'
import { t } from '../i18n/translate'
import { refresh, shareableAddress } from '../url/state'
import { opened } from './Shell'
import { RangePicker } from './RangePicker'

interface TopBarProps {
  title: ComponentChildren
  range?: boolean
  busy?: boolean
  children?: ComponentChildren
}

export function TopBar({ title, range = false, busy = false, children }: TopBarProps) {
  return (
    <>
      <header class="topbar">
        <h1 class="cut">{title}</h1>
        {children}
        <button class="button search-button" onClick={() => (opened.value = 'palette')} aria-label={`${t('palette.button')} Ctrl K`} title={t('palette.title')}>
          <Icon name="search" size={14} />
          <span>{t('palette.button')}</span>
          <kbd>Ctrl K</kbd>
        </button>
        {range && (
          <>
            <RangePicker />
            <button class="button icon" onClick={refresh} aria-label={t('shell.refresh')} title={t('shell.refresh')}>
              <Icon name="refresh" size={15} />
            </button>
          </>
        )}
        <button class="button icon optional" onClick={() => void copyText(shareableAddress())} aria-label={t('help.key.copyLink')} title={t('help.key.copyLink')}>
          <Icon name="share" size={15} />
        </button>
        <button class="button icon phone-only" onClick={() => (opened.value = 'settings')} aria-label={t('settings.title')}>
          <Icon name="settings" size={15} />
        </button>
      </header>
      <LoadingBar on={busy} />
    </>
  )
}
