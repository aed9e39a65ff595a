// Dashboards from elsewhere: a file, dropped or chosen, or JSON pasted. What becomes of it is seen before it is kept.
import type { ComponentChildren } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { Dialog } from '../../../shell/Dialog'
import { linkTo } from '../../../url/state'
import { importDocument, type Import } from '../grafana/import'
import { largestDocument, titleToId } from '../model/document'
import { saveNew } from '../storage'
import { Report } from './ReportDialog'

const isFile = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true

export function DropZone({ onText, children }: { onText: (text: string) => void; children: ComponentChildren }) {
  const [over, setOver] = useState(false)
  const drop = (event: DragEvent) => {
    const file = event.dataTransfer?.files[0]
    setOver(false)
    if (!file) return
    event.preventDefault()
    void file.text().then(onText)
  }
  const hover = (event: DragEvent) => {
    if (!isFile(event)) return
    event.preventDefault()
    setOver(true)
  }
  return (
    <div class={`dash-page ${over ? 'dropping' : ''}`} onDragOver={hover} onDragLeave={() => setOver(false)} onDrop={drop}>
      {children}
    </div>
  )
}

type Read = { found: Import; fault?: undefined } | { found?: undefined; fault: string } | null

function read(text: string): Read {
  if (text.trim() === '') return null
  if (text.length > largestDocument * 2) return { fault: t('dash.import.large') }
  try {
    return { found: importDocument(text) }
  } catch (cause) {
    return { fault: cause instanceof Error ? cause.message : String(cause) }
  }
}

export function ImportDialog({ text: dropped, close }: { text: string | null; close: () => void }) {
  const [text, setText] = useState(dropped ?? '')
  const [fault, setFault] = useState('')
  const [, navigate] = useLocation()
  const result = useMemo(() => read(text), [text])
  const choose = (event: Event) => {
    const file = (event.currentTarget as HTMLInputElement).files?.[0]
    if (file) void file.text().then(setText)
  }
  const save = ({ dashboard }: Import) =>
    saveNew(titleToId(dashboard.title), dashboard).then(
      ({ id }) => navigate(linkTo(`/dashboards/${id}`, {}, ['range', 'from', 'to'])),
      (cause: unknown) => setFault(cause instanceof Error ? cause.message : String(cause)),
    )
  return (
    <Dialog title={t('dash.import')} close={close}>
      <div class="stack dash-queries dash-import">
        <p class="quiet">{t('dash.import.hint')}</p>
        <div class="row wrap">
          <label class="button">
            <Icon name="upload" size={14} /> {t('dash.import.file')}
            <input type="file" accept=".json,application/json" class="visually-hidden" onChange={choose} />
          </label>
          {result?.found && <span class="tag">{t(`dash.source.${result.found.source}`)}</span>}
        </div>
        {!result?.found && <textarea class="field mono" rows={9} spellcheck={false} placeholder={t('dash.import.paste')} aria-label={t('dash.import.paste')} value={text} onInput={(event) => setText(event.currentTarget.value)} />}
        {result?.fault !== undefined && <p class="error-text mono" role="alert">{result.fault}</p>}
        {result?.found && (
          <>
            <h3 class="large">{result.found.dashboard.title}</h3>
            <Report dashboard={result.found.dashboard} />
            {fault && <p class="error-text" role="alert">{fault}</p>}
            <div class="row">
              <button class="button" onClick={() => setText('')}>{t('dash.import.other')}</button>
              <button class="button primary push" onClick={() => void save(result.found)}>
                <Icon name="save" size={14} /> {t('dash.import.save')}
              </button>
            </div>
          </>
        )}
      </div>
    </Dialog>
  )
}
