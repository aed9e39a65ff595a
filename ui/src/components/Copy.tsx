import { signal } from '@preact/signals'
import { t } from '../i18n/translate'
import { Icon } from './Icon'

const toastText = signal('')
let timer = 0

export function toast(text: string): void {
  toastText.value = text
  clearTimeout(timer)
  timer = window.setTimeout(() => (toastText.value = ''), 2400)
}

export function Toast() {
  return (
    <div class="toast" role="status">
      {toastText.value}
    </div>
  )
}

export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    copyBySelection(text)
  }
  toast(t('copy.done'))
}

// Plain-HTTP origins other than localhost have no clipboard API.
function copyBySelection(text: string): void {
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}

export function CopyButton({ text, label, small = true }: { text: string; label?: string; small?: boolean }) {
  return (
    <button
      class={`button plain ${small ? 'small' : ''} ${label ? '' : 'icon'}`}
      onClick={() => void copyText(text)}
      aria-label={label ?? t('copy.copy')}
      title={t('copy.copy')}
    >
      <Icon name="copy" size={14} /> {label}
    </button>
  )
}
