// An editor for PromQL: its grammar, completion from whoever opens it, and the place of a fault.
import { autocompletion, closeBrackets, closeCompletion, completionKeymap, startCompletion } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, insertNewline } from '@codemirror/commands'
import { bracketMatching } from '@codemirror/language'
import { Compartment, EditorState, Prec, type Extension } from '@codemirror/state'
import { EditorView, drawSelection, keymap, placeholder } from '@codemirror/view'
import { PromQLExtension } from '@prometheus-io/codemirror-promql'
import { mountIn, showFaultIn, surface, type Position } from './surface'

// What completion asks for.
export interface PromqlSource {
  metricNames: (prefix?: string) => Promise<string[]>
  metricMetadata: () => Promise<Record<string, { type: string; help: string }[]>>
  labelNames: (metric?: string) => Promise<string[]>
  labelValues: (label: string, metric?: string) => Promise<string[]>
}

export interface PromqlOptions {
  text: string
  label: string
  hint: string
  source: PromqlSource
  onChange: (text: string) => void
  onRun: () => void
}

export interface PromqlEditor {
  setText: (text: string) => void
  setSource: (source: PromqlSource) => void
  showFault: (position: Position | null) => void
  focus: () => void
  destroy: () => void
}

export function createPromqlEditor(host: HTMLElement, options: PromqlOptions): PromqlEditor {
  const language = new Compartment()
  const view = new EditorView({ ...mountIn(host), state: EditorState.create({ doc: options.text, extensions: [...extensions(options), language.of(promql(options.source))] }) })
  return {
    setText: (text) => {
      if (text !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } })
    },
    setSource: (source) => view.dispatch({ effects: language.reconfigure(promql(source)) }),
    showFault: (position) => showFaultIn(view, position),
    focus: () => {
      view.focus()
      view.dispatch({ selection: { anchor: view.state.doc.length } })
    },
    destroy: () => view.destroy(),
  }
}

// Faults come from the server, whose dialect it is.
function promql(source: PromqlSource): Extension {
  const remote = { ...source, series: async () => [], flags: async () => ({}) }
  return new PromQLExtension().activateLinter(false).setComplete({ remote }).asExtension()
}

function extensions({ label, hint, onChange, onRun }: PromqlOptions): Extension[] {
  const run = (view: EditorView) => {
    closeCompletion(view)
    onRun()
    return true
  }
  // Back to the keys of the page.
  const leave = (view: EditorView) => {
    view.contentDOM.blur()
    return true
  }
  return [
    // The list of completions takes Enter and Escape first while it is open.
    keymap.of(completionKeymap),
    keymap.of([{ key: 'Mod-Enter', run }, { key: 'Enter', run }, { key: 'Shift-Enter', run: insertNewline }, { key: 'Escape', run: leave }]),
    keymap.of([...defaultKeymap, ...historyKeymap]),
    history(),
    drawSelection(),
    bracketMatching(),
    closeBrackets(),
    autocompletion({ icons: false, activateOnTypingDelay: 120, maxRenderedOptions: 60 }),
    surface,
    Prec.highest(EditorView.theme({
      '.cm-content': { padding: '6px 0' }, '.cm-line': { padding: '0 10px' }, '.cm-scroller': { maxHeight: '180px' },
      '.cm-completionInfo': { maxWidth: '360px', padding: '6px 9px', fontFamily: 'var(--font)', fontSize: '12px' },
      '.cm-completionDetail': { marginLeft: '1.2em', fontStyle: 'normal', color: 'var(--text-3)' },
      '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
    })),
    EditorView.lineWrapping,
    placeholder(hint),
    EditorView.contentAttributes.of({ 'aria-label': label }),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return
      onChange(update.state.doc.toString())
      // A brace, a comma or a quote asks for names and values, which no letter has asked for yet.
      const before = update.state.sliceDoc(0, update.state.selection.main.head)
      if (update.transactions.some((transaction) => transaction.isUserEvent('input')) && /(?:[{,]\s?|[=~]"|by \(|without \()$/.test(before)) startCompletion(update.view)
    }),
  ]
}
