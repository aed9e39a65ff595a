import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { Icon } from '../components/Icon'
import { t } from '../i18n/translate'

interface DialogProps {
  title: string
  close: () => void
  bare?: boolean
  children: ComponentChildren
}

export function Dialog({ title, close, bare = false, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    dialog.current?.showModal()
  }, [])
  const onBackdrop = (event: MouseEvent) => {
    if (event.target === dialog.current) close()
  }
  return (
    <dialog ref={dialog} aria-label={title} onClose={close} onClick={onBackdrop} class={bare ? 'bare' : ''}>
      {!bare && (
        <header class="dialog-head">
          <h2>{title}</h2>
          <button class="button plain icon push" onClick={close} aria-label={t('shell.close')}>
            <Icon name="close" />
          </button>
        </header>
      )}
      {children}
    </dialog>
  )
}
