// The queries of a panel. Whatever data source they name, they are put to this server, if it knows their language.
import type { Query, QueryLanguage } from '../model/document'
import { filled, isObject, object, objects, text, yes, type Json } from '../model/json'
import { lokiToSql } from './loki'
import type { Findings } from './notes'

export interface Targets {
  queries: Query[]
  heatmap: boolean
  tables: boolean // at least one wants rows rather than lines
}

const unknownLanguages: Record<string, string> = {
  __expr__: 'expression', 'grafana-expression-datasource': 'expression', '-- Dashboard --': 'sharedQuery', '-- Grafana --': 'grafanaSource',
}

function sourceOf(target: Json, panel: Json): string {
  for (const source of [target['datasource'], panel['datasource']]) {
    if (isObject(source)) {
      const known = filled(source['type']) ?? filled(source['uid'])
      if (known && known !== 'datasource' && known !== 'mixed') return known
      if (filled(source['uid'])) return String(source['uid'])
    } else if (filled(source) && source !== '-- Mixed --' && source !== 'default') return String(source)
  }
  return ''
}

export function convertTargets(panel: Json, findings: Findings): Targets {
  const queries: Query[] = []
  let heatmap = false
  let tables = false
  const used = new Set<string>()
  for (const [index, target] of objects(panel['targets']).entries()) {
    const query = convertTarget(target, sourceOf(target, panel), panel, findings)
    if (!query) continue
    const ref = freeRef(filled(target['refId']) ?? String.fromCharCode(65 + (index % 26)), used)
    if (target['format'] === 'heatmap') heatmap = true
    if (target['format'] === 'table') tables = true
    queries.push({ ref, ...query })
  }
  return { queries, heatmap, tables }
}

function freeRef(wanted: string, used: Set<string>): string {
  let ref = wanted
  for (let number = 2; used.has(ref); number += 1) ref = `${wanted}${number}`
  used.add(ref)
  return ref
}

function convertTarget(target: Json, source: string, panel: Json, findings: Findings): Omit<Query, 'ref'> | null {
  const kind = source.toLowerCase()
  const unknown = unknownLanguages[source]
  if (unknown) {
    findings.refuse(unknown, filled(target['expression']) ?? filled(target['expr']) ?? source)
    return null
  }
  const expr = filled(target['expr'])
  if (kind.includes('loki')) return fromLoki(expr ?? '', panel, findings)
  if (kind.includes('tempo')) return fromTempo(target, findings)
  if (expr) return fromPrometheus(target, expr, findings)
  if (Object.keys(target).some((key) => !['refId', 'datasource', 'hide', 'expr', 'legendFormat'].includes(key) && filled(target[key]))) {
    findings.refuse('language', filled(target['queryType']) ?? source)
  } else findings.differs('emptyQuery', filled(target['refId']) ?? '')
  return null
}

function fromPrometheus(target: Json, expr: string, findings: Findings): Omit<Query, 'ref'> {
  const legend = filled(target['legendFormat'])
  const table = target['format'] === 'table'
  const instant = yes(target['instant']) || (table && target['range'] !== true && target['instant'] !== false)
  if (yes(target['instant']) && yes(target['range'])) findings.differs('bothKinds', filled(target['refId']) ?? '')
  const factor = Number(target['intervalFactor'] ?? 1)
  if (factor > 1 && !instant) findings.differs('intervalFactor', String(factor))
  const step = filled(target['interval']) ?? (typeof target['step'] === 'number' ? `${target['step']}s` : undefined)
  return {
    language: 'promql', query: expr,
    ...(legend && legend !== '__auto' ? { legend } : {}), ...(instant ? { instant } : {}), ...(step ? { step } : {}), ...(yes(target['hide']) ? { hidden: true } : {}),
  }
}

function fromLoki(expr: string, panel: Json, findings: Findings): Omit<Query, 'ref'> | null {
  const query = lokiToSql(expr)
  if (query === null || panel['type'] !== 'logs') {
    findings.refuse('logql', expr)
    return null
  }
  findings.differs('logqlAsSql', expr)
  return { language: 'sql', query }
}

function fromTempo(target: Json, findings: Findings): Omit<Query, 'ref'> | null {
  const query = filled(target['query']) ?? ''
  const language: QueryLanguage = 'traceql'
  const type = text(target['queryType']) ?? 'traceql'
  if (type === 'traceql' && query.trim().startsWith('{')) return { language, query }
  if (type === 'traceqlSearch') {
    findings.differs('traceSearch', JSON.stringify(object(target)['filters'] ?? []))
    return { language, query: query.startsWith('{') ? query : '{}' }
  }
  findings.refuse('language', type)
  return null
}
