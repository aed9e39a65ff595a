// One query with two views. What the shared filters can say lives in `f=` and is asked in SQL; any
// other TraceQL lives in `q=` and is asked by Tempo's API, together with whatever filters are added.
import type { AttributeKey } from '../../../api/types'
import { appliesTo, type Filter } from '../../../sql/filter'
import { comparisonsOf, filtersOf, type TypeOf } from './chips'
import { readConjunction, writeConjunction, type Comparison } from './conjunction'

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
  const whole = comparisons ? writeConjunction([...comparisons, ...added]) : added.length > 0 ? `${text} | ${writeConjunction(added)}` : text
  return { filters, text, comparisons: text === '' ? null : comparisons, whole, unwritten, byTempo: text !== '' }
}

// Narrows a query to spans for which more holds.
export function narrowed(query: string, more: string): string {
  const comparisons = readConjunction(query)
  if (!comparisons) return `${query} | { ${more} }`
  return comparisons.length === 0 ? `{ ${more} }` : query.replace(/\s*\}\s*$/, ` && ${more} }`)
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
