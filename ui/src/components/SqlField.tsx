// A field for SQL: a plain textarea until the editor's chunk has arrived, and for good if it never does.
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Schema } from '../api/types'
import type { SqlEditor } from '../editor/SqlEditor'
import './sqlField.css'

interface SqlFieldProps {
  text: string // as it is written, which the editor does not wait for
  given?: string // what comes from elsewhere, such as by undoing: it replaces what is written
  label: string
  hint?: string
  schema: Schema | undefined
  onChange: (text: string) => void
  onRun?: () => void
  hold?: (editor: SqlEditor | null) => void // once it is there, and when it goes
}

export function SqlField({ text, given, label, hint = 'SELECT …', schema, onChange, onRun, hold }: SqlFieldProps) {
  const host = useRef<HTMLDivElement>(null)
  const [ready, setReady] = useState(false)
  const editor = useRef<SqlEditor | null>(null)
  const latest = useRef({ onChange, onRun, hold, text })
  latest.current = { onChange, onRun, hold, text }
  useEffect(() => {
    let gone = false
    import('../editor/SqlEditor').then(({ createEditor }) => {
      if (gone || !host.current) return
      editor.current = createEditor(host.current, {
        text: latest.current.text, label, hint, schema,
        onChange: (next) => latest.current.onChange(next),
        onRun: () => latest.current.onRun?.(),
      })
      setReady(true)
      latest.current.hold?.(editor.current)
    }, () => undefined)
    return () => {
      gone = true
      editor.current?.destroy()
      editor.current = null
      latest.current.hold?.(null)
    }
  }, [schema])
  useEffect(() => {
    if (given !== undefined) editor.current?.setText(given)
  }, [given])
  return (
    <div class="editor-host sql-field">
      <div ref={host} />
      {!ready && (
        <textarea
          class="editor-fallback mono" spellcheck={false} aria-label={label} value={text} rows={Math.max(3, text.split('\n').length)}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </div>
  )
}
