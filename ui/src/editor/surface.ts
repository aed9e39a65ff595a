// How every editor looks, and how it marks a fault. Only this folder knows CodeMirror. Editors live in
// a shadow root so that their style sheet is an adopted one, which the strict content-security policy allows.
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { StateEffect, StateField, type Extension } from '@codemirror/state'
import { Decoration, EditorView, type DecorationSet } from '@codemirror/view'
import { tags } from '@lezer/highlight'

export interface Position {
  line: number
  column: number
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

export const surface: Extension = [syntaxHighlighting(highlight), look, faultField]

export function mountIn(host: HTMLElement): { parent: HTMLElement; root: ShadowRoot } {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
  const parent = document.createElement('div')
  root.replaceChildren(parent)
  return { parent, root }
}

export const showFaultIn = (view: EditorView, position: Position | null): void =>
  view.dispatch({ effects: markFault.of(position ? spanAt(view, position) : null) })

// The word at a position that counts lines and columns from one.
function spanAt(view: EditorView, { line, column }: Position): { from: number; to: number } | null {
  if (line < 1 || line > view.state.doc.lines) return null
  const at = view.state.doc.line(line)
  const from = Math.min(at.from + Math.max(0, column - 1), Math.max(at.from, at.to - 1))
  const word = view.state.wordAt(from)
  const to = word ? word.to : Math.min(from + 1, view.state.doc.length)
  return to > from ? { from, to } : null
}
