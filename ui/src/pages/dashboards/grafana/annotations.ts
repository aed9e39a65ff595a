// Annotations of Grafana, classic, to ours; `classicAnnotation` puts the second schema into that shape.
import type { Annotation, Note } from '../model/document'
import { filled, isObject, object, objects, present, text, type Json } from '../model/json'
import { colour } from './fields'
import { lokiToSql } from './loki'

export interface Annotations {
  annotations?: Annotation[]
  kept: Json // what became nothing, as it was
}

export function convertAnnotations(written: unknown, notes: Note[]): Annotations {
  const taken = new Set<string>()
  const left: Json[] = []
  const annotations = objects(written).flatMap((one): Annotation[] => {
    // Marks that people made by hand lie in Grafana's database.
    if (one['builtIn'] === 1 || one['builtIn'] === true) return []
    const read = convertOne(one)
    if (!read) {
      left.push(one)
      return []
    }
    let name = read.name
    for (let number = 2; taken.has(name); number += 1) name = `${read.name} ${number}`
    taken.add(name)
    return [{ ...read, name }]
  })
  if (left.length > 0) notes.push({ what: 'annotations', detail: left.map((one) => text(one['name']) ?? '?').join(', ') })
  return { ...(annotations.length > 0 ? { annotations } : {}), kept: left.length > 0 ? { annotations: left } : {} }
}

function convertOne(one: Json): Annotation | null {
  const target = object(one['target'])
  const expr = filled(one['expr']) ?? filled(target['expr'])
  if (!expr) return null
  const source = isObject(one['datasource']) ? filled(object(one['datasource'])['type']) : filled(one['datasource'])
  const sql = source?.toLowerCase().includes('loki') ? lokiToSql(expr) : undefined
  if (sql === null) return null
  const words = [filled(one['titleFormat']), filled(one['textFormat'])].filter((part) => part !== undefined).join(' ')
  return {
    name: filled(one['name']) ?? 'Annotation', language: sql ? 'sql' : 'promql', query: sql ?? expr,
    ...present<Annotation>({ text: filled(words), colour: colour(one['iconColor']), off: one['enable'] === false || undefined }),
  }
}

export function classicAnnotation({ spec: written }: Json): Json {
  const spec = object(written)
  const query = object(spec['query'])
  return { ...spec, ...object(spec['legacyOptions']), ...object(query['spec']), datasource: { type: filled(query['group']) ?? text(object(spec['datasource'])['type']) ?? '' } }
}
