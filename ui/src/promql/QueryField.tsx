// A field for PromQL: the editor, loaded when it is needed, and the server's complaint at its place.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Fault } from '../api/types'
import { Icon } from '../components/Icon'
import type { PromqlEditor } from '../editor/PromqlEditor'
import { t } from '../i18n/translate'
import type { Range } from '../time/range'
import { completionSource } from './completion'
import './queryField.css'

interface QueryFieldProps {
  text: string
  label: string
  range: Range
  fault?: Fault | null
  focus?: boolean // once it is there
  onDraft?: (text: string) => void
  onRun: (text: string) => void
}

export function QueryField({ text, label, range, fault = null, focus = false, onDraft, onRun }: QueryFieldProps) {
  const [draft, setDraft] = useState(text)
  const [ready, setReady] = useState(false)
  const host = useRef<HTMLDivElement>(null)
  const editor = useRef<PromqlEditor | null>(null)
  // Proposals need not follow a range that moves by seconds.
  const source = useMemo(() => completionSource(range), [String(range.to / 60_000_000_000n), String((range.to - range.from) / 60_000_000_000n)])
  const latest = useRef({ draft, source, onRun })
  latest.current = { draft, source, onRun }
  useEffect(() => {
    let gone = false
    import('../editor/PromqlEditor').then(({ createPromqlEditor }) => {
      if (gone || !host.current) return
      editor.current = createPromqlEditor(host.current, {
        text: latest.current.draft, label, hint: 'sum by (job) (rate(http_server_request_duration_seconds_count[5m]))',
        source: latest.current.source, onChange: setDraft, onRun: () => latest.current.onRun(latest.current.draft),
      })
      setReady(true)
      if (focus) editor.current.focus()
    }, () => undefined)
    return () => {
      gone = true
      editor.current?.destroy()
      editor.current = null
    }
  }, [])
  useEffect(() => editor.current?.setSource(source), [source])
  useEffect(() => {
    setDraft(text)
    editor.current?.setText(text)
  }, [text])
  const changed = draft.trim() !== text.trim()
  useEffect(() => editor.current?.showFault(changed ? null : (fault?.position ?? null)), [fault, ready, changed])
  useEffect(() => onDraft?.(draft), [draft])
  return (
    <div class="query-field">
      <div class="editor-host">
        <div ref={host} />
        {!ready && <textarea class="editor-fallback mono" spellcheck={false} aria-label={label} rows={1} value={draft} onInput={(event) => setDraft(event.currentTarget.value)} />}
      </div>
      {fault && !changed && (
        <p class="query-fault" role="alert">
          <Icon name="error" size={13} />
          {fault.position && <b class="num">{t('traces.query.place', { line: fault.position.line, column: fault.position.column })}</b>}
          <span class="mono">{fault.message}</span>
        </p>
      )}
    </div>
  )
}
