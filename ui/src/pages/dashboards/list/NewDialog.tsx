import { useState } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { t } from '../../../i18n/translate'
import { Dialog } from '../../../shell/Dialog'
import { linkTo } from '../../../url/state'
import { emptyDashboard, titleToId } from '../model/document'
import { saveNew } from '../storage'

export function NewDialog({ close }: { close: () => void }) {
  const [title, setTitle] = useState('')
  const [fault, setFault] = useState('')
  const [, navigate] = useLocation()
  const make = (event: Event) => {
    event.preventDefault()
    if (title.trim() === '') return
    saveNew(titleToId(title), emptyDashboard(title.trim())).then(
      ({ id }) => navigate(linkTo(`/dashboards/${id}`, { edit: '1' }, ['range', 'from', 'to'])),
      (cause: unknown) => setFault(cause instanceof Error ? cause.message : String(cause)),
    )
  }
  return (
    <Dialog title={t('dash.new')} close={close}>
      <form class="stack dash-queries" onSubmit={make}>
        <label class="dash-field wide">
          <span>{t('dash.field.title')}</span>
          <input class="field" autoFocus value={title} onInput={(event) => setTitle(event.currentTarget.value)} />
        </label>
        {fault && <p class="error-text" role="alert">{fault}</p>}
        <button class="button primary" type="submit" disabled={title.trim() === ''}>{t('dash.make')}</button>
      </form>
    </Dialog>
  )
}
