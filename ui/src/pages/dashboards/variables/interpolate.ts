// Puts the values of variables into queries, titles and addresses: `$name`, `${name}`, `${name:format}`, `[[name]]`.
import { text as quoted } from '../../../sql/escape'
import { allValues, type QueryLanguage } from '../model/document'

export interface Chosen {
  values: string[] // what goes into a query; `all` is already spelled out
  texts?: string[]
  all?: boolean
  raw?: string // goes in as it is: a value of "all" that its author wrote
  many?: boolean // may be more than one, so that authors match it with =~ or IN
}

export type Scope = Readonly<Record<string, Chosen>>

export const pattern = /\$(\w+)|\$\{(\w+)(?:\.[^:^}]+)?(?::([^}]+))?\}|\[\[(\w+)(?::([^\]]+))?\]\]/g

// Names of the variables that a text speaks of.
export function mentioned(written: string): string[] {
  return [...new Set([...written.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[4] ?? ''))]
}

export type Target = QueryLanguage | 'text' | 'url'

export function interpolate(written: string, scope: Scope, target: Target): string {
  return written.replace(pattern, (whole: string, bare?: string, braced?: string, format?: string, old?: string, oldFormat?: string) => {
    const chosen = scope[bare ?? braced ?? old ?? '']
    if (!chosen) return whole
    return formatted(chosen, format ?? oldFormat, target, bare ?? braced ?? old ?? '')
  })
}

function formatted(chosen: Chosen, format: string | undefined, target: Target, name: string): string {
  if (format === 'text') return (chosen.texts ?? chosen.values).join(' + ')
  // People read "All", and a link hands it on; only a query needs what its author wrote for it.
  const spoken = chosen.all === true && format === undefined && (target === 'text' || target === 'url')
  if (chosen.raw !== undefined && format !== 'queryparam' && !spoken) return chosen.raw
  if (format !== undefined) return byFormat(chosen.values, format, name) ?? byTarget(chosen, target)
  return byTarget(chosen, target)
}

const regexSpecial = /[\\^$.*+?()[\]{}|/-]/g
export const escapeRegex = (value: string): string => value.replace(regexSpecial, (char) => (char === '/' || char === '-' ? char : `\\${char}`))

// Inside a string of PromQL a backslash is written twice: once for the string, once for the expression.
export const escapeRegexInString = (value: string): string => escapeRegex(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"')
const escapeString = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')

function byTarget({ values, texts, many, all }: Chosen, target: Target): string {
  switch (target) {
    case 'promql':
      if (!many) return escapeString(values[0] ?? '')
      return alternatives(values.map(escapeRegexInString))
    case 'sql':
      return many ? values.map((value) => quoted(value).text).join(', ') || 'NULL' : (values[0] ?? '').replaceAll("'", "''")
    case 'traceql':
      return many ? alternatives(values.map(escapeRegexInString)) : escapeString(values[0] ?? '')
    case 'url':
      return all ? allValues : values.map(encodeURIComponent).join(',')
    case 'text':
      return (texts ?? values).join(' + ')
  }
}

const alternatives = (values: readonly string[]): string => (values.length === 1 ? (values[0] ?? '') : `(${values.join('|')})`)

function byFormat(values: string[], format: string, name: string): string | null {
  const escapeQuote = (quote: string, value: string): string => `${quote}${value.replaceAll(quote, `\\${quote}`)}${quote}`
  switch (format) {
    case 'csv':
    case 'raw':
      return values.join(',')
    case 'pipe':
      return values.join('|')
    case 'regex':
      return alternatives(values.map(escapeRegex))
    case 'glob':
      return values.length > 1 ? `{${values.join(',')}}` : (values[0] ?? '')
    case 'json':
      return JSON.stringify(values)
    case 'singlequote':
      return values.map((value) => escapeQuote("'", value)).join(',')
    case 'doublequote':
      return values.map((value) => escapeQuote('"', value)).join(',')
    case 'sqlstring':
      return values.map((value) => quoted(value).text).join(',')
    case 'percentencode':
      return encodeURIComponent(values.length > 1 ? `{${values.join(',')}}` : (values[0] ?? ''))
    case 'queryparam':
      return values.map((value) => `var-${name}=${encodeURIComponent(value)}`).join('&')
    default:
      return null
  }
}
