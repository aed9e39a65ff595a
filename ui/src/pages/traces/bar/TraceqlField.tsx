// A field for TraceQL: the editor, loaded when it is needed, with what the server knows proposed.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Fault } from '../../../api/types'
import type { TraceqlEditor } from '../../../editor/TraceqlEditor'
import type { Range } from '../../../time/range'
import { Proposer } from './propose'
import './traceqlField.css'

interface TraceqlFieldProps {
  text: string
  label: string
  range: Range
  fault?: Fault | null
  focus?: boolean // once it is there
  onDraft: (text: string) => void
  onRun: (text: string) => void
  hold?: (editor: TraceqlEditor | null) => void
}

export function TraceqlField({ text, label, range, fault = null, focus = false, onDraft, onRun, hold }: TraceqlFieldProps) {
  const [draft, setDraft] = useState(text)
  const host = useRef<HTMLDivElement>(null)
  const editor = useRef<TraceqlEditor | null>(null)
  const [ready, setReady] = useState(false)
  const proposer = useMemo(() => new Proposer(range), [String(range.from), String(range.to)])
  const latest = useRef({ proposer, draft, onRun, hold })
  latest.current = { proposer, draft, onRun, hold }
  useEffect(() => {
    let gone = false
    import('../../../editor/TraceqlEditor').then(({ createTraceqlEditor }) => {
      if (gone || !host.current) return
      editor.current = createTraceqlEditor(host.current, {
        text: latest.current.draft, label, hint: '{ resource.service.name = "…" && duration > 100ms }',
        propose: (whole, at, asked) => latest.current.proposer.propose(whole, at, asked),
        onChange: setDraft,
        onRun: () => latest.current.onRun(latest.current.draft),
      })
      setReady(true)
      latest.current.hold?.(editor.current)
      if (focus) editor.current.focus()
    }, () => undefined)
    return () => {
      gone = true
      editor.current?.destroy()
      editor.current = null
      latest.current.hold?.(null)
    }
  }, [])
  useEffect(() => {
    setDraft(text)
    editor.current?.setText(text)
  }, [text])
  useEffect(() => editor.current?.showFault(fault?.position ?? null), [fault, ready])
  useEffect(() => onDraft(draft), [draft])
  return (
    <div class="editor-host traceql-field">
      <div ref={host} />
      {!ready && <textarea class="editor-fallback mono" spellcheck={false} aria-label={label} rows={1} value={draft} onInput={(event) => setDraft(event.currentTarget.value)} />}
    </div>
  )
}
