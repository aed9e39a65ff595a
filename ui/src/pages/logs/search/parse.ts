// The search box, as terms: words, "phrases", key:value, -negation, and ids of traces and spans.
import type { Filter, Operator } from '../../../sql/filter'

export type Term = { written: string; not: boolean } & (
  | { kind: 'text'; text: string } // anywhere in the body, in any case
  | { kind: 'id'; id: string; of: 'trace_id' | 'span_id'; text: string }
  | { kind: 'field'; filter: Filter }
  | { kind: 'like'; key: string; pattern: string } // `*` stands for anything
)

const piece = /(-?)(?:((?:resource:|scope:)?[A-Za-z_][\w./@-]*?[\w@]):(?![\s:\\]|\/\/|$)((?:[<>]=?|=|~)?)(?:"((?:[^"\\]|\\.)*)"|(\S+))|"((?:[^"\\]|\\.)*)"?|(\S+))/g
const shortNames: Record<string, string> = { level: 'severity', trace: 'trace_id', traceid: 'trace_id', span: 'span_id', spanid: 'span_id' }
// Columns of a record; any other key may be an attribute of the record or of its resource.
const columns = new Set(['service', 'severity', 'body', 'event_name', 'trace_id', 'span_id', 'scope', 'scope_version', 'time'])

export function parseSearch(search: string): Term[] {
  const terms: Term[] = []
  for (const match of search.matchAll(piece)) {
    const [written, minus, key, comparison = '', quoted, bare, phrase, word] = match
    const term = key ? fieldTerm(key, comparison, quoted, bare ?? '') : textTerm(phrase === undefined ? (word ?? '') : unescape(phrase), phrase !== undefined)
    if (term) terms.push({ ...term, written: written.trim(), not: minus === '-' } as Term)
  }
  return terms
}

type Bare = Term extends infer One ? (One extends Term ? Omit<One, 'written' | 'not'> : never) : never

const unescape = (quoted: string): string => quoted.replace(/\\(["\\])/g, '$1')

function textTerm(text: string, quoted: boolean): Bare | null {
  if (text === '') return null
  const id = quoted ? null : idOf(text)
  return id ? { kind: 'id', ...id, text } : { kind: 'text', text }
}

const traceparent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/i
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

// A trace id as hexadecimal digits, as a UUID, or within a traceparent of W3C.
export function idOf(word: string): { id: string; of: 'trace_id' | 'span_id' } | null {
  const within = traceparent.exec(word)?.[1]
  if (within) return { id: within.toLowerCase(), of: 'trace_id' }
  if (/^[0-9a-f]{32}$/i.test(word) || uuid.test(word)) return { id: word.replaceAll('-', '').toLowerCase(), of: 'trace_id' }
  if (/^[0-9a-f]{16}$/i.test(word) && /[a-f]/i.test(word)) return { id: word.toLowerCase(), of: 'span_id' }
  return null
}

const operators: Record<string, Operator> = { '': '=', '=': '=', '~': '~', '>': '>', '>=': '>=', '<': '<', '<=': '<=' }

function fieldTerm(key: string, comparison: string, quoted: string | undefined, bare: string): Bare {
  const name = fieldName(key)
  const value = quoted === undefined ? bare : unescape(quoted)
  const op = operators[comparison] ?? '='
  if (quoted === undefined && op === '=' && value.includes('*')) {
    return value === '*' ? { kind: 'field', filter: { key: name, op: '?', value: '' } } : { kind: 'like', key: name, pattern: value }
  }
  const id = name === 'trace_id' || name === 'span_id' ? idOf(value)?.id : undefined
  return { kind: 'field', filter: { key: name, op, value: id ?? value } }
}

function fieldName(key: string): string {
  const known = shortNames[key.toLowerCase()] ?? key
  return columns.has(known) || /^(resource|scope):/.test(known) ? known : `.${known}`
}

// The search without one of its terms.
export const without = (search: string, at: number): string =>
  parseSearch(search).filter((_, index) => index !== at).map(({ written }) => written).join(' ')

// What is marked in the bodies that are found.
export const wordsOf = (terms: readonly Term[]): string[] =>
  terms.flatMap((term) => (term.not ? [] : term.kind === 'text' || term.kind === 'id' ? [term.text] : term.kind === 'field' && term.filter.key === 'body' && ['~', '='].includes(term.filter.op) ? [term.filter.value] : []))

// As a term that finds the value again.
export function writeTerm(key: string, value: string): string {
  const bare = /^[^\s"*:<>=~\\][^\s"*]*$/.test(value)
  return `${key}:${bare ? value : `"${value.replace(/["\\]/g, '\\$&')}"`}`
}
