import type { Transform } from '../model/document'
import { filled, number, object, objects, texts, yes, type Json } from '../model/json'
import { fieldName, reducerList } from './fields'
import type { Findings } from './notes'

export function transforms(written: unknown, findings: Findings): Transform[] {
  return objects(written).flatMap((one) => (yes(one['disabled']) ? [] : transform(filled(one['id']) ?? '', object(one['options']), findings)))
}

function transform(id: string, options: Json, findings: Findings): Transform[] {
  switch (id) {
    case 'organize':
      return [organize(options)]
    case 'merge':
    case 'joinByField':
    case 'seriesToColumns':
      // A join by a field is a merge where that field is what the tables have in common.
      if (id !== 'merge') findings.differs('join', filled(options['byField']) ?? '')
      return [{ kind: 'merge' }]
    case 'reduce':
      return reduce(options, findings)
    case 'sortBy': {
      const field = object(objects(options['sort'])[0])
      return filled(field['field']) ? [{ kind: 'sort', field: fieldName(String(field['field'])), descending: yes(field['desc']) }] : []
    }
    case 'limit':
      return [{ kind: 'limit', rows: number(options['limitField']) ?? 10 }]
    case 'filterFieldsByName': {
      const include = object(options['include'])
      if (options['exclude'] !== undefined) findings.differs('transform', id)
      return [{ kind: 'keep', names: texts(include['names']), pattern: filled(include['pattern'])?.replace(/^\/(.*)\/\w*$/, '$1') ?? '' }]
    }
    // Instant answers are tables with a column per label anyway.
    case 'labelsToFields':
    case 'seriesToRows':
      return []
    default:
      findings.differs('transform', id)
      return []
  }
}

function organize(options: Json): Transform {
  const positions = Object.entries(object(options['indexByName'])).flatMap(([name, at]) => (typeof at === 'number' ? [{ name: fieldName(name), at }] : []))
  const hide = Object.entries(object(options['excludeByName'])).flatMap(([name, out]) => (out === true ? [fieldName(name)] : []))
  const rename = Object.entries(object(options['renameByName'])).filter((pair): pair is [string, string] => typeof pair[1] === 'string' && pair[1] !== '').map(([name, shown]) => [fieldName(name), shown])
  return { kind: 'organize', hide, order: positions.sort((left, right) => left.at - right.at).map(({ name }) => name), rename: Object.fromEntries(rename) }
}

function reduce(options: Json, findings: Findings): Transform[] {
  const mode = filled(options['mode'])
  if (mode && mode !== 'seriesToRows') findings.differs('transform', `reduce ${mode}`)
  if (yes(options['labelsToFields'])) findings.differs('transform', 'reduce labelsToFields')
  const chosen = reducerList(options['reducers'], findings)
  return [{ kind: 'reduce', reducers: chosen.length > 0 ? chosen : ['max'] }]
}
