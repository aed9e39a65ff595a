// One query with two views. What the shared filters can say lives in `f=` and is asked in SQL; any
// other TraceQL lives in `q=` and is asked by Tempo's API, together with whatever filters are added.
import type { AttributeKey } from '../../../api/types'
import { appliesTo, type Filter } from '../../../sql/filter'
import { comparisonsOf, filtersOf, type TypeOf } from './chips'
import { writeComparison, type Comparison } from './comparison'
import { readConjunction, writeConjunction } from './conjunction'
import { tokensOf } from './tokens'

export interface PageQuery {
  filters: readonly Filter[]
  text: string // `q=`, or nothing
  comparisons: readonly Comparison[] | null // what `q=` says, where chips can show it
  whole: string // text and filters as one TraceQL query
  unwritten: readonly Filter[] // filters that TraceQL has no words for
  byTempo: boolean
}

export function combine(text: string, filters: readonly Filter[], typeOf: TypeOf): PageQuery {
  const applying = filters.filter((filter) => appliesTo(filter, 'spans'))
  const { comparisons: added, unwritten } = comparisonsOf(applying, typeOf)
  const comparisons = text === '' ? [] : readConjunction(text)
  const more = added.map(writeComparison).join(' && ')
  const whole = comparisons ? writeConjunction([...comparisons, ...added]) : more === '' ? text : narrowed(text, more)
  return { filters, text, comparisons: text === '' ? null : comparisons, whole, unwritten, byTempo: text !== '' }
}

// Whether a query is one pair of braces, which asks nothing of other spans.
export function isOfSingleSpans(query: string): boolean {
  const signs = (tokensOf(query) ?? []).map((token) => (token.kind === 'sign' ? token.text : ''))
  return signs[0] === '{' && signs.at(-1) === '}' && signs.filter((sign) => sign === '{' || sign === '}').length === 2
}

// Narrows a query to spans for which more holds, inside its braces where it has one pair: the lake counts
// such spans by itself, while a stage behind them looks into every trace.
export function narrowed(query: string, more: string): string {
  if (!isOfSingleSpans(query)) return `${query} | { ${more} }`
  const inner = query.trim().slice(1, -1).trim()
  if (inner === '') return `{ ${more} }`
  return readConjunction(query) ? `{ ${inner} && ${more} }` : `{ (${inner}) && ${more} }`
}

// Where a text is kept: as filters when they say the same, and as text when not.
export function placeOf(text: string, typeOf: TypeOf): { filters: Filter[]; text: string } {
  const trimmed = text.trim()
  const comparisons = trimmed === '' ? [] : readConjunction(trimmed)
  const filters = comparisons && filtersOf(comparisons, typeOf)
  return filters ? { filters, text: '' } : { filters: [], text: trimmed }
}

export function typesOf(keys: readonly AttributeKey[]): TypeOf {
  const prefixes: Record<string, string> = { attributes: '', resource_attributes: 'resource:', scope_attributes: 'scope:' }
  const types = new Map<string, string>()
  for (const { table, scope, key, type } of keys) {
    if (table !== 'spans') continue
    types.set((prefixes[scope] ?? '') + key, type)
    if (scope !== 'scope_attributes') types.set(`.${key}`, type)
  }
  return (key) => types.get(key)
}

export const keptFilters = ({ filters, unwritten }: PageQuery): Filter[] => filters.filter((filter) => unwritten.includes(filter) || !appliesTo(filter, 'spans'))
