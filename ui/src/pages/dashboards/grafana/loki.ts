// A selector of Loki with line filters, which SQL over `logs` can say. What parses lines or counts them, it cannot.
import { containing, text } from '../../../sql/escape'

const matcher = /^\s*([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|`[^`]*`)\s*(?:,|$)/
const filter = /^\s*(\|=|!=|\|~|!~)\s*("(?:[^"\\]|\\.)*"|`[^`]*`)/

const columnNames: Record<string, string> = {
  service_name: 'service_name', service: 'service_name', job: 'service_name', app: 'service_name',
  level: 'lower(severity_text)', detected_level: 'lower(severity_text)', severity: 'lower(severity_text)',
}

function unquote(quoted: string): string {
  if (quoted.startsWith('`')) return quoted.slice(1, -1)
  return quoted.slice(1, -1).replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
}

export function lokiToSql(expr: string): string | null {
  const selector = /^\s*\{([^{}]*)\}/.exec(expr)
  if (!selector) return null
  const conditions = ['$__timeFilter(time)']
  let rest = selector[1] ?? ''
  while (rest.trim() !== '') {
    const match = matcher.exec(rest)
    if (!match) return null
    conditions.push(compare(columnOf(match[1] ?? ''), match[2] ?? '=', unquote(match[3] ?? '""')))
    rest = rest.slice(match[0].length)
  }
  rest = expr.slice(selector[0].length)
  while (rest.trim() !== '') {
    const match = filter.exec(rest)
    if (!match) return null
    conditions.push(lineFilter(match[1] ?? '', unquote(match[2] ?? '""')))
    rest = rest.slice(match[0].length)
  }
  return `SELECT time, severity_text, service_name, body, trace_id\nFROM logs\nWHERE ${conditions.join('\n  AND ')}\nORDER BY time DESC\nLIMIT 500`
}

function columnOf(label: string): string {
  const known = columnNames[label]
  if (known) return known
  const [own, resource] = ['attributes', 'resource_attributes'].map((column) => `CAST(${column}[${text(label).text}] AS VARCHAR)`)
  return `coalesce(${own}, ${resource}, '')`
}

// A variable inside stays one: of the form `$name`, it is put in when the panel asks.
function compare(column: string, op: string, value: string): string {
  const literal = text(value).text
  if (op === '=') return `${column} = ${literal}`
  if (op === '!=') return `${column} <> ${literal}`
  const anchored = text(`^(?:${value})$`).text
  return op === '=~' ? `regexp_like(${column}, ${anchored})` : `NOT regexp_like(${column}, ${anchored})`
}

function lineFilter(op: string, value: string): string {
  switch (op) {
    case '|=':
      return `body LIKE ${containing(value).text}`
    case '!=':
      return `body NOT LIKE ${containing(value).text}`
    case '|~':
      return `regexp_like(body, ${text(value).text})`
    default:
      return `NOT regexp_like(body, ${text(value).text})`
  }
}
