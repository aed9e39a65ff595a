// From a file to a dashboard: what is wrong is told with its place, and nothing unknown gets in.
import {
  columns, documentVersion, panelTypes, queryLanguages, reducers, variableTypes,
  type Annotation, type Dashboard, type Imported, type Link, type Mapping, type Note, type Origin, type Override, type Panel, type Place,
  type Query, type Reducer, type Repeat, type Threshold, type Transform, type Variable,
} from './document'
import { filled, isObject, list, number, object, objects, present, text, texts, yes, type Json } from './json'

export class NotADashboard extends Error {}

export function readDashboard(value: unknown): Dashboard {
  if (!isObject(value)) throw new NotADashboard('the document is no JSON object')
  if (value['version'] !== documentVersion || !Array.isArray(value['panels'])) throw new NotADashboard(`it has no "version": ${documentVersion} and no list "panels"`)
  const panels = objects(value['panels']).map(readPanel)
  const names = new Set<string>()
  const variables = objects(value['variables']).map((one, at) => readVariable(one, at, names))
  return {
    version: documentVersion,
    title: filled(value['title']) ?? 'Dashboard',
    ...present<Dashboard>({ description: filled(value['description']) }),
    tags: [...new Set(texts(value['tags']))],
    time: readTime(value['time']),
    ...present<Dashboard>({ refresh: filled(value['refresh']), sampleInterval: filled(value['sampleInterval']), links: some(readLinks(value['links'])) }),
    variables,
    ...present<Dashboard>({ annotations: some(objects(value['annotations']).map(readAnnotation)) }),
    panels: withIds(panels),
    ...(isObject(value['imported']) ? { imported: readOrigin(value['imported']) } : {}),
  }
}

const some = <T>(values: T[]): T[] | undefined => (values.length > 0 ? values : undefined)
const oneOf = <T extends string>(value: unknown, allowed: readonly T[]): T | undefined => allowed.find((one) => one === value)

function readTime(value: unknown): Dashboard['time'] {
  const window = object(value)
  const [from, to] = [filled(window['from']), filled(window['to'])]
  return from && to ? { from, to } : (filled(value) ?? '1h')
}

// Two panels of one id would be one panel to whoever looks for it.
function withIds(panels: Panel[]): Panel[] {
  const taken = new Set<number>()
  let next = Math.max(0, ...panels.map(({ id }) => id)) + 1
  return panels.map((panel) => {
    const id = panel.id > 0 && !taken.has(panel.id) ? panel.id : next++
    taken.add(id)
    return { ...panel, id }
  })
}

function readPanel(value: Json, at: number): Panel {
  const type = oneOf(value['type'], panelTypes)
  if (!type) throw new NotADashboard(`panels[${at}].type is none of ${panelTypes.join(', ')}`)
  return {
    id: number(value['id']) ?? 0,
    type,
    title: text(value['title']) ?? '',
    ...present<Panel>({ description: filled(value['description']) }),
    place: readPlace(object(value['place'])),
    queries: objects(value['queries']).map((query, index) => readQuery(query, `panels[${at}].queries[${index}]`, index)),
    ...readShown(value),
    ...readDrawn(value),
    ...(isObject(value['imported']) ? { imported: readImported(value['imported']) } : {}),
  }
}

function readPlace(value: Json): Place {
  const w = clamp(number(value['w']) ?? 12, 1, columns)
  return { x: clamp(number(value['x']) ?? 0, 0, columns - w), y: clamp(number(value['y']) ?? 0, 0, 100_000), w, h: clamp(number(value['h']) ?? 8, 1, 200) }
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, Math.round(value)))

function readQuery(value: Json, path: string, index: number): Query {
  const language = oneOf(value['language'], queryLanguages)
  if (!language) throw new NotADashboard(`${path}.language is none of ${queryLanguages.join(', ')}`)
  return {
    ref: filled(value['ref']) ?? String.fromCharCode(65 + (index % 26)),
    language,
    query: text(value['query']) ?? '',
    ...present<Query>({ legend: filled(value['legend']), instant: yes(value['instant']) || undefined, step: filled(value['step']), hidden: yes(value['hidden']) || undefined }),
  }
}

function readShown(value: Json): Partial<Panel> {
  return present<Panel>({
    unit: filled(value['unit']), decimals: number(value['decimals']), min: number(value['min']), max: number(value['max']),
    thresholds: some(objects(value['thresholds']).map(readThreshold)),
    thresholdsIn: oneOf(value['thresholdsIn'], ['percent']), thresholdsShown: yes(value['thresholdsShown']) || undefined,
    mappings: some(objects(value['mappings']).flatMap(readMapping)), noValue: filled(value['noValue']),
    links: some(readLinks(value['links'])), overrides: some(objects(value['overrides']).flatMap(readOverride)),
    transforms: some(objects(value['transforms']).flatMap(readTransform)),
  })
}

function readDrawn(value: Json): Partial<Panel> {
  return present<Panel>({
    legend: oneOf(value['legend'], ['list', 'table', 'hidden']),
    draw: oneOf(value['draw'], ['lines', 'bars', 'points']), fill: number(value['fill']), stack: oneOf(value['stack'], ['normal', 'percent']),
    log: yes(value['log']) || undefined, reduce: oneOf(value['reduce'], reducers), rows: yes(value['rows']) || undefined,
    colour: oneOf(value['colour'], ['value', 'background', 'none']),
    sparkline: typeof value['sparkline'] === 'boolean' ? value['sparkline'] : undefined, show: oneOf(value['show'], ['value', 'name', 'both']),
    text: text(value['text']), minInterval: filled(value['minInterval']), repeat: readRepeat(value['repeat']), collapsed: yes(value['collapsed']) || undefined,
  })
}

const readReducers = (value: unknown): Reducer[] => texts(value).flatMap((one) => oneOf(one, reducers) ?? [])
const readThreshold = (value: Json): Threshold => ({ from: number(value['from']) ?? null, colour: filled(value['colour']) ?? 'gray' })

function readRepeat(value: unknown): Repeat | undefined {
  const variable = filled(object(value)['variable'])
  if (!variable) return undefined
  return { variable, ...present<Repeat>({ down: yes(object(value)['down']) || undefined, most: number(object(value)['most']) }) }
}

// An address that a page may lead to: others could run as script.
export const safeAddress = (url: string): boolean => /^(https?:\/\/|mailto:|\/|\?|#|\.)/i.test(url) || !/^[^/?#]*:/.test(url)

function readLinks(value: unknown): Link[] {
  return objects(value).flatMap((link) => {
    const url = filled(link['url'])
    return url && safeAddress(url) ? [{ title: text(link['title']) ?? url, url, ...(yes(link['tab']) ? { tab: true } : {}) }] : []
  })
}

function readMapping(value: Json): Mapping[] {
  const shown = present<{ text: string; colour: string }>({ text: text(value['text']), colour: filled(value['colour']) })
  switch (value['kind']) {
    case 'value':
      return [{ kind: 'value', value: String(value['value'] ?? ''), ...shown }]
    case 'range':
      return [{ kind: 'range', from: number(value['from']) ?? null, to: number(value['to']) ?? null, ...shown }]
    case 'regex':
      return [{ kind: 'regex', pattern: text(value['pattern']) ?? '', ...shown }]
    case 'special': {
      const match = oneOf(value['match'], ['null', 'nan', 'empty', 'true', 'false'])
      return match ? [{ kind: 'special', match, ...shown }] : []
    }
    default:
      return []
  }
}

function readOverride(value: Json): Override[] {
  const by = oneOf(value['by'], ['name', 'regex', 'query'])
  if (!by) return []
  const fields = present<Override>({
    name: filled(value['name']), unit: filled(value['unit']), decimals: number(value['decimals']), colour: filled(value['colour']),
    hidden: yes(value['hidden']) || undefined, width: number(value['width']),
  })
  return [{ by, match: text(value['match']) ?? '', ...fields }]
}

function readTransform(value: Json): Transform[] {
  switch (value['kind']) {
    case 'organize': {
      const rename = Object.entries(object(value['rename'])).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
      return [{ kind: 'organize', hide: texts(value['hide']), order: texts(value['order']), rename: Object.fromEntries(rename) }]
    }
    case 'merge':
      return [{ kind: 'merge' }]
    case 'reduce':
      return [{ kind: 'reduce', reducers: readReducers(value['reducers']) }]
    case 'sort':
      return [{ kind: 'sort', field: text(value['field']) ?? '', descending: yes(value['descending']) }]
    case 'limit':
      return [{ kind: 'limit', rows: Math.max(1, number(value['rows']) ?? 10) }]
    case 'keep':
      return [{ kind: 'keep', names: texts(value['names']), pattern: text(value['pattern']) ?? '' }]
    default:
      return []
  }
}

const namePattern = /^[A-Za-z_]\w{0,79}$/

function readVariable(value: Json, at: number, names: Set<string>): Variable {
  const name = text(value['name']) ?? ''
  const type = oneOf(value['type'], variableTypes)
  if (!namePattern.test(name)) throw new NotADashboard(`variables[${at}].name "${name}" is not made of letters, digits and _`)
  if (names.has(name)) throw new NotADashboard(`variables[${at}].name "${name}" is there twice`)
  if (!type) throw new NotADashboard(`variables[${at}].type is none of ${variableTypes.join(', ')}`)
  names.add(name)
  const flag = (key: string): true | undefined => yes(value[key]) || undefined
  const fields = present<Variable>({
    label: filled(value['label']), description: filled(value['description']), language: oneOf(value['language'], ['promql', 'sql']),
    regex: filled(value['regex']), sort: oneOf(value['sort'], ['name', '-name', 'number', '-number']), multi: flag('multi'), all: flag('all'),
    allValue: filled(value['allValue']), auto: flag('auto'), autoSteps: number(value['autoSteps']), autoLeast: filled(value['autoLeast']),
    value: some(texts(value['value'])), hidden: flag('hidden'),
  })
  return { name, type, query: text(value['query']) ?? '', ...fields }
}

const readNotes = (value: unknown): Note[] =>
  objects(value).flatMap((note) => (filled(note['what']) ? [{ what: note['what'] as string, ...present<Note>({ detail: filled(note['detail']) }) }] : []))

function readAnnotation(value: Json, at: number): Annotation {
  const language = oneOf(value['language'], ['promql', 'sql'])
  if (!language) throw new NotADashboard(`annotations[${at}].language is none of promql, sql`)
  return {
    name: filled(value['name']) ?? `#${at + 1}`, language, query: text(value['query']) ?? '',
    ...present<Annotation>({ text: filled(value['text']), colour: filled(value['colour']), off: yes(value['off']) || undefined }),
  }
}

function readImported(value: Json): Imported {
  return { verdict: oneOf(value['verdict'], ['approximated', 'unsupported']) ?? 'approximated', notes: readNotes(value['notes']), original: value['original'] ?? null }
}

function readOrigin(value: Json): Origin {
  return { from: oneOf(value['from'], ['grafana-classic', 'grafana-v2']) ?? 'grafana-classic', notes: readNotes(value['notes']), original: object(value['original']) }
}

export const isOurs = (value: unknown): boolean => isObject(value) && value['version'] === documentVersion && Array.isArray(value['panels']) && !('schemaVersion' in value) && list(value['panels']).every((panel) => !isObject(panel) || 'place' in panel)
