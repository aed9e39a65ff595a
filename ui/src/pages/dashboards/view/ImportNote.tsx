// What an import could not take as it was, beside the panel it happened to, with the original.
import { useState } from 'preact/hooks'
import { CopyButton } from '../../../components/Copy'
import { Icon } from '../../../components/Icon'
import { t, type MessageKey } from '../../../i18n/translate'
import { Dialog } from '../../../shell/Dialog'
import type { Imported, Note, Panel } from '../model/document'
import { noteKeys } from './noteKeys'

export function noteText({ what, detail }: Note): string {
  const key: MessageKey | undefined = noteKeys.has(what) ? (`dash.note.${what}` as MessageKey) : undefined
  return [key ? t(key) : what, detail].filter((part) => part !== undefined && part !== '').join(': ')
}

export function ImportNote({ imported }: { imported: Imported }) {
  const [open, setOpen] = useState(false)
  const label = t(`dash.verdict.${imported.verdict}`)
  return (
    <>
      <button class={`tag ${imported.verdict === 'unsupported' ? 'error' : 'warn'} dash-verdict`} onClick={() => setOpen(true)} title={`${label}\n${imported.notes.map(noteText).join('\n')}`}>
        <Icon name={imported.verdict === 'unsupported' ? 'error' : 'warn'} size={12} label={label} />
      </button>
      {open && (
        <Dialog title={label} close={() => setOpen(false)}>
          <div class="stack dash-queries">
            <ul class="dash-notes">{imported.notes.map((note, at) => <li key={at}>{noteText(note)}</li>)}</ul>
            <Original value={imported.original} />
          </div>
        </Dialog>
      )}
    </>
  )
}

export function Original({ value }: { value: unknown }) {
  const text = JSON.stringify(value, null, 2)
  return (
    <>
      <div class="row">
        <h3>{t('dash.original')}</h3>
        <span class="push"><CopyButton text={text} label={t('copy.copy')} /></span>
      </div>
      <pre class="pre-block dash-original" tabIndex={0}>{text.slice(0, 20_000)}</pre>
    </>
  )
}

export function Unsupported({ panel }: { panel: Panel }) {
  return (
    <div class="dash-nothing" role="status">
      <Icon name="warn" size={20} />
      <strong>{t('dash.verdict.unsupported')}</strong>
      <p>{panel.imported?.notes.map(noteText).join('; ')}</p>
    </div>
  )
}
