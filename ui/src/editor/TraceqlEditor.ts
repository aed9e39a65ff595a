// An editor for TraceQL: colours, completion from whoever opens it, and the place of a fault.
import { autocompletion, closeBrackets, closeCompletion, completionKeymap, startCompletion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, insertNewline } from '@codemirror/commands'
import { bracketMatching, StreamLanguage, type StringStream } from '@codemirror/language'
import { EditorState, Prec, type Extension } from '@codemirror/state'
import { EditorView, drawSelection, keymap, placeholder } from '@codemirror/view'
import { mountIn, showFaultIn, surface, type Position } from './surface'

export interface Proposal {
  label: string
  insert: string
  detail: string
}

export interface Proposals {
  from: number
  list: readonly Proposal[]
}

export interface TraceqlOptions {
  text: string
  label: string
  hint: string
  propose: (text: string, at: number, asked: boolean) => Promise<Proposals | null>
  onChange: (text: string) => void
  onRun: () => void
}

export interface TraceqlEditor {
  setText: (text: string) => void
  showFault: (position: Position | null) => void
  focus: () => void
  destroy: () => void
}

export function createTraceqlEditor(host: HTMLElement, options: TraceqlOptions): TraceqlEditor {
  const view = new EditorView({ ...mountIn(host), state: EditorState.create({ doc: options.text, extensions: extensions(options) }) })
  return {
    setText: (text) => {
      if (text !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } })
    },
    showFault: (position) => showFaultIn(view, position),
    focus: () => {
      view.focus()
      view.dispatch({ selection: { anchor: view.state.doc.length } })
    },
    destroy: () => view.destroy(),
  }
}

function extensions({ label, hint, propose, onChange, onRun }: TraceqlOptions): Extension[] {
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
    autocompletion({ icons: false, override: [(context) => complete(context, propose)], activateOnTypingDelay: 120 }),
    StreamLanguage.define({ name: 'traceql', token: tokenOf }),
    surface,
    Prec.highest(EditorView.theme({ '.cm-content': { padding: '6px 0' }, '.cm-line': { padding: '0 10px' }, '.cm-scroller': { maxHeight: '160px' } })),
    EditorView.lineWrapping,
    placeholder(hint),
    EditorView.contentAttributes.of({ 'aria-label': label }),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return
      onChange(update.state.doc.toString())
      // A sign of comparison asks for values, which no letter has asked for yet.
      if (update.transactions.some((transaction) => transaction.isUserEvent('input')) && /[=~.{|]\s?$/.test(update.state.sliceDoc(0, update.state.selection.main.head))) startCompletion(update.view)
    }),
  ]
}

async function complete(context: CompletionContext, propose: TraceqlOptions['propose']): Promise<CompletionResult | null> {
  try {
    const proposals = await propose(context.state.doc.toString(), context.pos, context.explicit)
    if (!proposals || context.aborted) return null
    return { from: proposals.from, options: proposals.list.map(({ label, insert, detail }) => ({ label, apply: insert, detail })), validFor: /^"?[^\s{}()=~!<>&|^,"]*$/ }
  } catch {
    return null
  }
}

const words = /^(?:true|false|nil|ok|error|unset|server|client|internal|producer|consumer|unspecified)\b/
const functions = /^(?:count|avg|max|min|sum|by|coalesce|select|rate|count_over_time|histogram_over_time|quantile_over_time|compare|topk|bottomk|with)(?=\s*\()/

function tokenOf(stream: StringStream): string | null {
  if (stream.eatSpace()) return null
  if (stream.match(/^"(?:[^"\\]|\\.)*"?/) || stream.match(/^`[^`]*`?/)) return 'string'
  if (stream.match(/^(?:\d+(?:\.\d+)?|\.\d+)(?:ns|us|µs|ms|s|m|h)?/)) return 'number'
  if (stream.match(words)) return 'bool'
  if (stream.match(functions)) return 'keyword'
  if (stream.match(/^(?:parent\.)?(?:span|resource|event|link|instrumentation)?\.[^\s{}()=~!<>&|^,"]+/) || stream.match(/^\w+:\w+/) || stream.match(/^[\p{L}_][\p{L}\p{N}_]*/u)) return 'typeName'
  stream.next()
  return null
}
