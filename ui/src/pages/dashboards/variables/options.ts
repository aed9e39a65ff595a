// From what the server answered to what can be chosen: the expression that picks a part, order, and no value twice.
import type { Variable } from '../model/document'
import { readInterval } from './interval'

export interface Option {
  value: string
  text: string
}

export const optionLimit = 5000

export function shapeOptions(found: readonly string[], { regex, sort }: Pick<Variable, 'regex' | 'sort'>): Option[] {
  const pick = regex ? picker(regex) : (value: string): Option => ({ value, text: value })
  const options = new Map<string, Option>()
  for (const value of found) {
    const option = pick(value)
    if (option && !options.has(option.value)) options.set(option.value, option)
    if (options.size >= optionLimit) break
  }
  return ordered([...options.values()], sort)
}

// `/…/flags` or a bare expression. Groups named text and value, else the first group, else the whole match count.
function picker(regex: string): (value: string) => Option | null {
  const slashed = /^\/([\s\S]*)\/([gimsuy]*)$/.exec(regex)
  let expression: RegExp
  try {
    expression = slashed ? new RegExp(slashed[1] ?? '', (slashed[2] ?? '').replace(/[gy]/g, '')) : new RegExp(`^(?:${regex})$`)
  } catch {
    return () => null
  }
  return (value) => {
    const match = expression.exec(value)
    if (!match) return null
    const named = match.groups ?? {}
    const shown = named['text'] ?? named['value'] ?? match[1] ?? value
    const meant = named['value'] ?? named['text'] ?? match[1] ?? value
    return { value: meant, text: shown }
  }
}

function ordered(options: Option[], sort: Variable['sort']): Option[] {
  if (!sort) return options
  const sign = sort.startsWith('-') ? -1 : 1
  const byNumber = sort.endsWith('number')
  const amount = ({ text }: Option): number => Number(/-?\d+(\.\d+)?/.exec(text)?.[0] ?? Number.POSITIVE_INFINITY)
  return options.sort((left, right) => sign * ((byNumber ? amount(left) - amount(right) || 0 : 0) || left.text.localeCompare(right.text, 'en', { numeric: byNumber })))
}

// `a, b : c, d\,e`: values with commas, and texts before a colon with space around it.
export function customOptions(query: string): Option[] {
  const parts = query.match(/(?:\\.|[^,\\])+/g) ?? []
  return parts.flatMap((part) => {
    const bare = part.replace(/\\(.)/g, '$1').trim()
    if (bare === '') return []
    const pair = /^(.+?)\s+:\s+(.+)$/.exec(bare)
    return [pair ? { text: pair[1] ?? '', value: pair[2] ?? '' } : { text: bare, value: bare }]
  })
}

export const intervalOptions = (query: string): Option[] =>
  query
    .split(',')
    .map((part) => part.trim().replace(/^["']|["']$/g, ''))
    .filter((part) => part !== 'auto' && readInterval(part) !== null)
    .map((value) => ({ value, text: value }))
