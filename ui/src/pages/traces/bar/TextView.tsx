// The query as text: a proper editor, and the server's complaint at its place.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Fault } from '../../../api/types'
import { Icon } from '../../../components/Icon'
import type { TraceqlEditor } from '../../../editor/TraceqlEditor'
import { t } from '../../../i18n/translate'
import { useKeys } from '../../../shell/keys'
import type { Range } from '../../../time/range'
import { Proposer } from './propose'

interface TextViewProps {
  text: string
  range: Range
  fault: Fault | null
  onDraft: (text: string) => void
  onRun: (text: string) => void
}

export function TextView({ text, range, fault, onDraft, onRun }: TextViewProps) {
  const [draft, setDraft] = useState(text)
  const host = useRef<HTMLDivElement>(null)
  const editor = useRef<TraceqlEditor | null>(null)
  const [ready, setReady] = useState(false)
  const proposer = useMemo(() => new Proposer(range), [String(range.from), String(range.to)])
  const latest = useRef({ proposer, draft, onRun })
  latest.current = { proposer, draft, onRun }
  useEffect(() => {
    let gone = false
    import('../../../editor/TraceqlEditor').then(({ createTraceqlEditor }) => {
      if (gone || !host.current) return
      editor.current = createTraceqlEditor(host.current, {
        text: latest.current.draft,
        label: t('traces.query.editor'),
        hint: '{ resource.service.name = "…" && duration > 100ms }',
        propose: (whole, at, asked) => latest.current.proposer.propose(whole, at, asked),
        onChange: setDraft,
        onRun: () => latest.current.onRun(latest.current.draft),
      })
      setReady(true)
      editor.current.focus()
    }, () => undefined)
    return () => {
      gone = true
      editor.current?.destroy()
      editor.current = null
    }
  }, [])
  useEffect(() => {
    setDraft(text)
    editor.current?.setText(text)
  }, [text])
  useEffect(() => editor.current?.showFault(fault?.position ?? null), [fault, ready])
  useEffect(() => onDraft(draft), [draft])
  useKeys({ '/': () => editor.current?.focus() })
  const changed = draft.trim() !== text.trim()
  return (
    <form class="traceql-text" onSubmit={(event) => { event.preventDefault(); onRun(draft) }}>
      <div class="editor-host">
        <div ref={host} />
        {!ready && (
          <textarea class="editor-fallback mono" spellcheck={false} aria-label={t('traces.query.editor')} rows={1} value={draft} onInput={(event) => setDraft(event.currentTarget.value)} />
        )}
      </div>
      <button class={`button small ${changed ? 'primary' : ''}`} type="submit" title="Enter">
        <Icon name="play" size={13} /> {t('traces.query.run')}
      </button>
      {fault && !changed && (
        <p class="traceql-fault" role="alert">
          <Icon name="error" size={13} />
          {fault.position && <b class="num">{t('traces.query.place', { line: fault.position.line, column: fault.position.column })}</b>}
          <span class="mono">{fault.message}</span>
        </p>
      )}
    </form>
  )
}
