// What a variable of type `query` asks: Grafana's functions over labels, plain PromQL, or SQL.

export type Question =
  | { kind: 'labelNames'; match?: string }
  | { kind: 'labelValues'; label: string; match?: string }
  | { kind: 'metrics'; pattern: string }
  | { kind: 'series'; query: string } // each series as text: {a="b"} value time
  | { kind: 'promql'; query: string }
  | { kind: 'sql'; query: string }
  | { kind: 'nothing' }

export function readQuestion(written: string, language: 'promql' | 'sql' = 'promql'): Question {
  const query = written.trim()
  if (query === '') return { kind: 'nothing' }
  if (language === 'sql') return { kind: 'sql', query }
  const call = parseCall(query)
  switch (call?.name) {
    case 'label_names':
      return { kind: 'labelNames', ...(call.inside ? { match: call.inside } : {}) }
    case 'label_values':
      return labelValues(call.inside)
    case 'metrics':
      return { kind: 'metrics', pattern: call.inside === '' ? '.*' : call.inside }
    case 'query_result':
      return { kind: 'series', query: call.inside }
    default:
      return { kind: 'promql', query }
  }
}

// The label comes last, after a comma that is in no braces or quotes.
function labelValues(inside: string): Question {
  const at = lastComma(inside)
  if (at < 0) return { kind: 'labelValues', label: inside.trim() }
  const match = inside.slice(0, at).trim()
  return { kind: 'labelValues', label: inside.slice(at + 1).trim(), ...(match ? { match } : {}) }
}

function lastComma(inside: string): number {
  const rest = inside.lastIndexOf(',')
  const tail = inside.slice(rest + 1)
  return /^\s*"?[\w.:]+"?\s*$/.test(tail) ? rest : -1
}

// `name(inside)` around the whole text, and nothing else.
function parseCall(written: string): { name: string; inside: string } | null {
  const match = /^(label_names|label_values|metrics|query_result)\s*\(([\s\S]*)\)\s*$/.exec(written)
  return match ? { name: match[1] ?? '', inside: (match[2] ?? '').trim() } : null
}
