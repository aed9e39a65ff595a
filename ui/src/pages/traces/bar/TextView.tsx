// The query as text: a proper editor, and the server's complaint at its place.
import { useRef, useState } from 'preact/hooks'
import type { Fault } from '../../../api/types'
import { Icon } from '../../../components/Icon'
import type { TraceqlEditor } from '../../../editor/TraceqlEditor'
import { t } from '../../../i18n/translate'
import { useKeys } from '../../../shell/keys'
import type { Range } from '../../../time/range'
import { TraceqlField } from './TraceqlField'

interface TextViewProps {
  text: string
  range: Range
  fault: Fault | null
  onDraft: (text: string) => void
  onRun: (text: string) => void
}

export function TextView({ text, range, fault, onDraft, onRun }: TextViewProps) {
  const [draft, setDraft] = useState(text)
  const editor = useRef<TraceqlEditor | null>(null)
  const write = (next: string) => {
    setDraft(next)
    onDraft(next)
  }
  useKeys({ '/': () => editor.current?.focus() })
  const changed = draft.trim() !== text.trim()
  return (
    <form class="traceql-text" onSubmit={(event) => { event.preventDefault(); onRun(draft) }}>
      <TraceqlField text={text} label={t('traces.query.editor')} range={range} fault={fault} focus onDraft={write} onRun={onRun} hold={(made) => (editor.current = made)} />
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
