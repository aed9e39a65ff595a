// Searches with a name. They are kept in this browser; anybody else opens them by their address.
import { signal } from '@preact/signals'
import { useState } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { copyText } from '../../../components/Copy'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { readStorage, writeStorage } from '../../../settings/settings'
import { Dialog } from '../../../shell/Dialog'
import { addressOf, readViews, viewOf, withView, writeViews, type View } from './stored'

const storageKey = 'luneta.log-views'
const views = signal<readonly View[]>(readViews(readStorage(storageKey)))

function keep(next: readonly View[]): void {
  views.value = next
  writeStorage(storageKey, writeViews(next))
}

export function Views() {
  const [open, setOpen] = useState(false)
  return (
    <>
      <button class="button small plain" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <Icon name="save" size={13} /> {t('logs.views')}
        {views.value.length > 0 && <span class="num quiet">{views.value.length}</span>}
      </button>
      {open && <ViewsDialog close={() => setOpen(false)} />}
    </>
  )
}

function ViewsDialog({ close }: { close: () => void }) {
  const [, navigate] = useLocation()
  const [name, setName] = useState('')
  const [withRange, setWithRange] = useState(false)
  const save = (event: Event) => {
    event.preventDefault()
    if (name.trim() === '') return
    keep(withView(views.value, viewOf(name, location.search, withRange)))
    setName('')
  }
  const open = (view: View) => () => {
    close()
    navigate(`/logs?${addressOf(view, location.search)}`)
  }
  return (
    <Dialog title={t('logs.views')} close={close}>
      <div class="views">
        <form class="row wrap" onSubmit={save}>
          <input class="field grow" autoFocus value={name} maxLength={120} placeholder={t('logs.views.name')} aria-label={t('logs.views.name')} onInput={({ currentTarget }) => setName(currentTarget.value)} />
          <button class="button primary" type="submit" disabled={name.trim() === ''}>{t('logs.views.save')}</button>
          <label class="row">
            <input type="checkbox" checked={withRange} onChange={({ currentTarget }) => setWithRange(currentTarget.checked)} /> {t('logs.views.range')}
          </label>
        </form>
        {views.value.length === 0 && <p class="quiet">{t('logs.views.none')}</p>}
        <ul>
          {views.value.map((view) => (
            <li key={view.name} class="row">
              <button class="view-open" onClick={open(view)}>
                <strong class="cut">{view.name}</strong>
                <span class="mono quiet cut">{described(view)}</span>
              </button>
              <button class="button small icon plain" onClick={() => void copyText(new URL(`?${view.search}`, location.href).href)} aria-label={t('logs.views.copy', { name: view.name })} title={t('logs.views.copy', { name: view.name })}>
                <Icon name="link" size={13} />
              </button>
              <button class="button small icon plain" onClick={() => keep(views.value.filter((other) => other !== view))} aria-label={t('logs.views.remove', { name: view.name })} title={t('logs.views.remove', { name: view.name })}>
                <Icon name="trash" size={13} />
              </button>
            </li>
          ))}
        </ul>
        <p class="quiet">{t('logs.views.kept')}</p>
      </div>
    </Dialog>
  )
}

function described({ search }: View): string {
  const params = new URLSearchParams(search)
  return [params.get('q') ?? '', ...params.getAll('f')].filter((part) => part !== '').join(' · ') || '*'
}
