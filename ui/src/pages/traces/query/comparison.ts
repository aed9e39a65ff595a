// One comparison of TraceQL: a field of a span with a constant.
import { isPlainKey, type Scope, type Token } from './tokens'

export type Comparator = '=' | '!=' | '=~' | '!~' | '>' | '>=' | '<' | '<='

export type Field = { intrinsic: string } | { parent: boolean; scope: Scope; key: string }

export type Constant = { kind: 'string' | 'number' | 'word'; text: string } | { kind: 'duration'; ns: number }

export interface Comparison {
  field: Field
  op: Comparator
  value: Constant
  orMissing?: boolean // written as `(field = nil || field op value)`
}

const comparators: readonly string[] = ['=', '!=', '=~', '!~', '>', '>=', '<', '<=']
const flipped: Record<string, Comparator> = { '>': '<', '>=': '<=', '<': '>', '<=': '>=', '=': '=', '!=': '!=' }

// Each intrinsic by all its names; the first is the one it is written with.
const intrinsicNames: readonly (readonly string[])[] = [
  ['duration', 'span:duration'], ['name', 'span:name'], ['status', 'span:status'], ['statusMessage', 'span:statusMessage'],
  ['kind', 'span:kind'], ['span:id'], ['span:parentID'], ['childCount', 'span:childCount'], ['trace:id'],
  ['traceDuration', 'trace:duration'], ['rootName', 'trace:rootName'], ['rootServiceName', 'trace:rootService'],
  ['event:name'], ['event:timeSinceStart'], ['link:spanID'], ['link:traceID'], ['instrumentation:name'],
  ['instrumentation:version'], ['nestedSetLeft'], ['nestedSetRight'], ['nestedSetParent'],
]
const intrinsicOf = new Map(intrinsicNames.flatMap((names) => names.map((name) => [name, names[0] as string])))

export const intrinsics: readonly string[] = intrinsicNames.map((names) => names[0] as string)
export const statuses: readonly string[] = ['unset', 'ok', 'error']
export const kinds: readonly string[] = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']
const words = new Set(['true', 'false', 'nil', ...statuses, ...kinds])

// Reads comparisons from tokens; what stands between them is for those who extend it.
export class ComparisonReader {
  protected at = 0
  private readonly tokens: readonly Token[]

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens
  }

  ended = (): boolean => this.at >= this.tokens.length

  protected take(sign: string): boolean {
    const token = this.tokens[this.at]
    const found = token?.kind === 'sign' && token.text === sign
    if (found) this.at += 1
    return found
  }

  comparison(): Comparison | null {
    const left = this.operand()
    const sign = this.tokens[this.at]
    if (!left || sign?.kind !== 'sign' || !comparators.includes(sign.text)) return null
    this.at += 1
    const right = this.operand()
    if (!right) return null
    const op = sign.text as Comparator
    if ('field' in left && 'value' in right) return { field: left.field, op, value: right.value }
    const turned = flipped[op]
    if ('value' in left && 'field' in right && turned) return { field: right.field, op: turned, value: left.value }
    return null
  }

  private operand(): { field: Field } | { value: Constant } | null {
    const negative = this.take('-')
    const token = this.tokens[this.at]
    if (!token) return null
    this.at += 1
    if (negative) return negated(token)
    switch (token.kind) {
      case 'attribute':
        return { field: { parent: token.parent, scope: token.scope, key: token.key } }
      case 'word': {
        const intrinsic = intrinsicOf.get(token.text)
        if (intrinsic) return { field: { intrinsic } }
        return words.has(token.text) ? { value: { kind: 'word', text: token.text } } : null
      }
      case 'sign':
        return null
      default:
        return { value: token }
    }
  }
}

function negated(token: Token): { value: Constant } | null {
  if (token.kind === 'number') return { value: { kind: 'number', text: `-${token.text}` } }
  return token.kind === 'duration' ? { value: { kind: 'duration', ns: -token.ns } } : null
}

export const isNil = (value: Constant): boolean => value.kind === 'word' && value.text === 'nil'

export const sameField = (left: Field, right: Field): boolean => writeField(left) === writeField(right)
export const sameComparison = (left: Comparison, right: Comparison): boolean => writeComparison(left) === writeComparison(right)

export function writeField(field: Field): string {
  if ('intrinsic' in field) return field.intrinsic
  const { parent, scope, key } = field
  const before = parent ? `parent.${scope === '' ? '' : `${scope}.`}` : `${scope}.`
  // A key such as `span.x` behind `parent.` would be taken for a scope.
  const ambiguous = parent && scope === '' && /^(span|resource)\./.test(key)
  return before + (isPlainKey(key) && !ambiguous ? key : quote(key))
}

export function quote(text: string): string {
  const escapes: Record<string, string> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
  return `"${text.replace(/["\\\n\r\t]/g, (char) => escapes[char] ?? char)}"`
}

const durationUnits: readonly [string, number][] = [['h', 3600e9], ['m', 60e9], ['s', 1e9], ['ms', 1e6], ['us', 1e3]]

// In the largest unit that leaves a whole number, so that nothing is rounded.
export function writeDuration(ns: number): string {
  const fitting = ns === 0 ? undefined : durationUnits.find(([, size]) => ns % size === 0)
  return fitting ? `${ns / fitting[1]}${fitting[0]}` : `${ns}ns`
}

export function writeConstant(value: Constant): string {
  if (value.kind === 'duration') return writeDuration(value.ns)
  return value.kind === 'string' ? quote(value.text) : value.text
}

export function writeComparison({ field, op, value, orMissing }: Comparison): string {
  const name = writeField(field)
  const plain = `${name} ${op} ${writeConstant(value)}`
  return orMissing ? `(${name} = nil || ${plain})` : plain
}
