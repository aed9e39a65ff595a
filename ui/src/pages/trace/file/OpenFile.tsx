import { useState } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { keepFile } from './uploads'

// Opens a file of spans in the browser; nothing is sent to the server.
export function OpenFile() {
  const [, navigate] = useLocation()
  const [failure, setFailure] = useState('')
  const open = async (file: File | undefined) => {
    if (!file) return
    try {
      const { readFile } = await import('../formats/formats')
      const text = await file.text()
      readFile(text)
      await keepFile({ name: file.name, text })
      navigate(`/trace/file?opened=${Date.now()}`)
    } catch (cause) {
      setFailure(cause instanceof Error ? cause.message : String(cause))
    }
  }
  return (
    <div
      class="open-file"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault()
        void open(event.dataTransfer?.files[0])
      }}
    >
      <label class="button small">
        <Icon name="share" size={13} /> {t('trace.file.open')}
        <input type="file" class="visually-hidden" accept=".json,.jsonl,.ndjson,application/json" onChange={(event) => void open(event.currentTarget.files?.[0])} />
      </label>
      <span class="quiet">{t('trace.file.hint')}</span>
      {failure && <p class="error-text" role="alert">{t('trace.file.failed', { message: failure })}</p>}
    </div>
  )
}
