import { autocompletion, closeBrackets, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { PostgreSQL, sql } from '@codemirror/lang-sql'
import { bracketMatching } from '@codemirror/language'
import { EditorState, type Extension } from '@codemirror/state'
import { EditorView, drawSelection, keymap, placeholder } from '@codemirror/view'
import type { Schema } from '../api/types'
import { mountIn, showFaultIn, surface } from './surface'

export interface EditorOptions {
  text: string
  label: string
  hint: string
  schema: Schema | undefined
  onChange: (text: string) => void
  onRun: () => void
}

export interface SqlEditor {
  setText: (text: string) => void
  insert: (text: string) => void
  showFault: (position: { line: number; column: number } | null) => void
  focus: () => void
  destroy: () => void
}

export function createEditor(host: HTMLElement, options: EditorOptions): SqlEditor {
  const view = new EditorView({ ...mountIn(host), state: EditorState.create({ doc: options.text, extensions: extensions(options) }) })
  return {
    setText: (text) => {
      if (text !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } })
    },
    insert: (text) => {
      view.dispatch(view.state.replaceSelection(text))
      view.focus()
    },
    showFault: (position) => showFaultIn(view, position),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  }
}

function extensions({ label, hint, schema, onChange, onRun }: EditorOptions): Extension[] {
  const run = () => {
    onRun()
    return true
  }
  return [
    keymap.of([{ key: 'Mod-Enter', run }, ...completionKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
    history(),
    drawSelection(),
    bracketMatching(),
    closeBrackets(),
    autocompletion({ icons: false }),
    sql({ dialect: PostgreSQL, upperCaseKeywords: true, schema: completions(schema) }),
    surface,
    placeholder(hint),
    EditorView.contentAttributes.of({ 'aria-label': label }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) onChange(update.state.doc.toString())
    }),
  ]
}

function completions(schema: Schema | undefined): Record<string, string[]> {
  return Object.fromEntries((schema?.tables ?? []).map((table) => [table.name, table.columns.map(({ name }) => name)]))
}
