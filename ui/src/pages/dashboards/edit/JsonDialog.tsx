// The file as it is kept. What is written here and reads as a dashboard becomes the dashboard.
import { useState } from 'preact/hooks'
import { CopyButton } from '../../../components/Copy'
import { t } from '../../../i18n/translate'
import { Dialog } from '../../../shell/Dialog'
import { readDashboard } from '../model/read'
import { writeDashboard } from '../model/write'
import type { Draft } from './useDraft'

export function JsonDialog({ draft, close }: { draft: Draft; close: () => void }) {
  const [text, setText] = useState(() => writeDashboard(draft.dashboard))
  const [fault, setFault] = useState('')
  const apply = () => {
    try {
      const read = readDashboard(JSON.parse(text))
      draft.change(() => read)
      close()
    } catch (cause) {
      setFault(cause instanceof Error ? cause.message : String(cause))
    }
  }
  return (
    <Dialog title="JSON" close={close}>
      <div class="stack dash-queries dash-json">
        <textarea class="field mono" spellcheck={false} rows={24} value={text} aria-label="JSON" onInput={(event) => setText(event.currentTarget.value)} />
        {fault && <p class="error-text mono" role="alert">{fault}</p>}
        <div class="row">
          <CopyButton text={text} label={t('copy.copy')} />
          <button class="button primary push" onClick={apply}>{t('dash.apply')}</button>
        </div>
      </div>
    </Dialog>
  )
}
