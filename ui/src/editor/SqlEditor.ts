// The only module that knows CodeMirror. It lives in a shadow root so that its style sheet is an
// adopted one, which the strict content-security policy allows.
import { autocompletion, closeBrackets, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { PostgreSQL, sql } from '@codemirror/lang-sql'
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { EditorState, StateEffect, StateField, type Extension } from '@codemirror/state'
import { Decoration, EditorView, drawSelection, keymap, placeholder, type DecorationSet } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import type { Schema } from '../api/types'

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

const markFault = StateEffect.define<{ from: number; to: number } | null>()
const underline = Decoration.mark({ class: 'cm-fault' })

const faultField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = transaction.docChanged ? Decoration.none : marks
    for (const effect of transaction.effects) {
      if (effect.is(markFault)) next = effect.value ? Decoration.set([underline.range(effect.value.from, effect.value.to)]) : Decoration.none
    }
    return next
  },
  provide: (field) => EditorView.decorations.from(field),
})

const highlight = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--accent)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--ok)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--info)' },
  { tag: tags.comment, color: 'var(--text-3)', fontStyle: 'italic' },
  { tag: tags.typeName, color: 'var(--fatal)' },
])

const look = EditorView.theme({
  '&': { color: 'var(--text)', fontSize: '13px', backgroundColor: 'transparent' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6', maxHeight: '360px' },
  '.cm-content': { padding: '10px 0', caretColor: 'var(--accent)' },
  '.cm-line': { padding: '0 14px' },
  '.cm-cursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': { backgroundColor: 'color-mix(in srgb, var(--accent) 26%, transparent)' },
  '.cm-fault': { textDecoration: 'underline wavy var(--error) 1.5px', textUnderlineOffset: '4px', backgroundColor: 'var(--error-soft)' },
  '.cm-placeholder': { color: 'var(--text-3)' },
  '.cm-matchingBracket': { backgroundColor: 'var(--accent-soft) !important', outline: '1px solid var(--line-strong)' },
  '.cm-tooltip': { border: '1px solid var(--line-strong)', borderRadius: '8px', backgroundColor: 'var(--surface)', color: 'var(--text)', boxShadow: 'var(--float)', overflow: 'hidden' },
  '.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: '12px' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent-soft)', color: 'var(--accent)' },
})

export function createEditor(host: HTMLElement, options: EditorOptions): SqlEditor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
  const mount = document.createElement('div')
  root.replaceChildren(mount)
  const view = new EditorView({ parent: mount, root, state: EditorState.create({ doc: options.text, extensions: extensions(options) }) })
  return {
    setText: (text) => {
      if (text !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } })
    },
    insert: (text) => {
      view.dispatch(view.state.replaceSelection(text))
      view.focus()
    },
    showFault: (position) => view.dispatch({ effects: markFault.of(position ? spanAt(view, position) : null) }),
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
    syntaxHighlighting(highlight),
    look,
    faultField,
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

// The word at a position that counts lines and columns from one.
function spanAt(view: EditorView, { line, column }: { line: number; column: number }): { from: number; to: number } | null {
  if (line < 1 || line > view.state.doc.lines) return null
  const at = view.state.doc.line(line)
  const from = Math.min(at.from + Math.max(0, column - 1), Math.max(at.from, at.to - 1))
  const word = view.state.wordAt(from)
  const to = word ? word.to : Math.min(from + 1, view.state.doc.length)
  return to > from ? { from, to } : null
}
