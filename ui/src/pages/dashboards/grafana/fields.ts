// How Grafana says what values look like (units, colours, mappings, links) in our words.
import type { Colour, Link, Mapping, Override, Panel, Reducer, Threshold } from '../model/document'
import { filled, isObject, list, number, object, objects, present, text, type Json } from '../model/json'
import { safeAddress } from '../model/read'
import type { Findings } from './notes'

const named = ['green', 'yellow', 'orange', 'red', 'blue', 'purple'] as const

// `semi-dark-red` is red: shades follow the theme here.
export function colour(written: unknown): Colour | undefined {
  const value = filled(written)?.trim().toLowerCase()
  if (!value) return undefined
  const bare = value.replace(/^(super-light|semi-dark|light|dark)-/, '')
  const known = named.find((name) => name === bare)
  if (known) return known
  if (/^#[0-9a-f]{6}$/.test(value)) return value
  if (/^#[0-9a-f]{8}$/.test(value)) return value.slice(0, 7)
  if (/^#[0-9a-f]{3}$/.test(value)) return `#${[...value.slice(1)].map((digit) => digit + digit).join('')}`
  const parts = /^rgba?\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)/.exec(value)
  if (parts) return `#${parts.slice(1, 4).map((part) => Math.min(255, Number(part)).toString(16).padStart(2, '0')).join('')}`
  return 'gray'
}

const reducerNames: Record<string, Reducer> = {
  lastNotNull: 'last', last: 'last', current: 'last', firstNotNull: 'first', first: 'first', mean: 'mean', avg: 'mean', min: 'min', max: 'max',
  sum: 'sum', total: 'sum', count: 'count', range: 'range', delta: 'delta', diff: 'delta', median: 'median', p95: 'p95',
}

export function reducer(written: unknown, findings: Findings): Reducer | undefined {
  const name = filled(written)
  if (!name) return undefined
  const known = reducerNames[name]
  if (!known) findings.differs('reducer', name)
  return known ?? 'last'
}

export const reducerList = (written: unknown, findings: Findings): Reducer[] =>
  [...new Set(list(written).flatMap((one) => reducer(one, findings) ?? []))]

export function thresholds(written: unknown): Pick<Panel, 'thresholds' | 'thresholdsIn'> {
  const { mode, steps } = object(written)
  const read = objects(steps).map((step): Threshold => ({ from: number(step['value']) ?? null, colour: colour(step['color']) ?? 'gray' }))
  if (read.length === 0) return {}
  return { thresholds: read, ...(mode === 'percentage' ? { thresholdsIn: 'percent' } : {}) }
}

export function mappings(written: unknown): Mapping[] {
  return objects(written).flatMap((one) => (typeof one['type'] === 'string' ? newMapping(one) : oldMapping(one)))
}

const result = (value: unknown): { text?: string; colour?: Colour } => {
  const shown = object(value)
  return present<{ text: string; colour: Colour }>({ text: text(shown['text']), colour: colour(shown['color']) })
}

function newMapping(one: Json): Mapping[] {
  const options = object(one['options'])
  switch (one['type']) {
    case 'value':
      return Object.entries(options).map(([value, shown]) => ({ kind: 'value', value, ...result(shown) }))
    case 'range':
      return [{ kind: 'range', from: number(options['from']) ?? null, to: number(options['to']) ?? null, ...result(options['result']) }]
    case 'regex':
      return [{ kind: 'regex', pattern: text(options['pattern']) ?? '', ...result(options['result']) }]
    case 'special':
      return specialMapping(text(options['match']) ?? '', result(options['result']))
    default:
      return []
  }
}

function specialMapping(match: string, shown: { text?: string; colour?: Colour }): Mapping[] {
  if (match === 'null+nan') return [{ kind: 'special', match: 'null', ...shown }, { kind: 'special', match: 'nan', ...shown }]
  if (match === 'null' || match === 'nan' || match === 'empty' || match === 'true' || match === 'false') return [{ kind: 'special', match, ...shown }]
  return []
}

// Before version 8: type 1 is a value, type 2 a range, told by number or by `op`.
function oldMapping(one: Json): Mapping[] {
  const shown = present<{ text: string }>({ text: text(one['text']) })
  const range = one['type'] === 2 || (one['value'] === undefined && one['from'] !== undefined)
  if (range) return [{ kind: 'range', from: number(one['from']) ?? null, to: number(one['to']) ?? null, ...shown }]
  const value = String(one['value'] ?? '')
  return value === 'null' ? [{ kind: 'special', match: 'null', ...shown }] : [{ kind: 'value', value, ...shown }]
}

// `Last *` is the last value that is one; here there is no other.
export const fieldName = (name: string): string => name.replace(/^(Last|First) \*$/, '$1')

const ofData = /__(field|value|series|data)\b/

export function links(written: readonly unknown[], findings: Findings): Link[] {
  return objects(written).flatMap((link) => {
    const url = filled(link['url'])
    if (!url) {
      if (Object.keys(link).length > 0) findings.differs('link', text(link['title']) ?? '')
      return []
    }
    if (ofData.test(url) || !safeAddress(url)) {
      findings.differs('dataLink', url)
      return []
    }
    return [{ title: filled(link['title']) ?? url, url, ...(link['targetBlank'] === true ? { tab: true } : {}) }]
  })
}

export function fieldDefaults(fieldConfig: unknown, findings: Findings): Partial<Panel> {
  const defaults = object(object(fieldConfig)['defaults'])
  const mapped = mappings(defaults['mappings'])
  const mode = text(object(defaults['color'])['mode'])
  if (mode?.startsWith('continuous')) findings.differs('colourScheme', mode)
  if (filled(defaults['displayName'])) findings.differs('displayName', text(defaults['displayName']))
  return {
    ...present<Panel>({
      unit: filled(defaults['unit']), decimals: number(defaults['decimals']), min: number(defaults['min']), max: number(defaults['max']),
      noValue: filled(defaults['noValue']), mappings: mapped.length > 0 ? mapped : undefined, overrides: overrides(object(fieldConfig)['overrides'], findings),
    }),
    ...thresholds(defaults['thresholds']),
  }
}

function overrides(written: unknown, findings: Findings): Override[] | undefined {
  const read = objects(written).flatMap((one) => override(one, findings))
  return read.length > 0 ? read : undefined
}

function override(one: Json, findings: Findings): Override[] {
  const matcher = object(one['matcher'])
  const by = ({ byName: 'name', byRegexp: 'regex', byFrameRefID: 'query' } as const)[text(matcher['id']) ?? '']
  const match = text(matcher['options'])
  if (!by || match === undefined) {
    findings.differs('override', text(matcher['id']) ?? '')
    return []
  }
  const made: Override = { by, match: by === 'regex' ? match.replace(/^\/(.*)\/\w*$/, '$1') : fieldName(match) }
  for (const property of objects(one['properties'])) Object.assign(made, overrideProperty(property, findings))
  return Object.keys(made).length > 2 ? [made] : []
}

function overrideProperty({ id, value }: Json, findings: Findings): Partial<Override> {
  switch (id) {
    case 'unit':
      return present<Override>({ unit: filled(value) })
    case 'decimals':
      return present<Override>({ decimals: number(value) })
    case 'displayName':
      return present<Override>({ name: filled(value) })
    case 'custom.width':
      return present<Override>({ width: number(value) })
    case 'color':
      return present<Override>({ colour: colour(object(value)['fixedColor']) })
    case 'custom.hidden':
      return value === true ? { hidden: true } : {}
    case 'custom.hideFrom':
      return isObject(value) && value['viz'] === true ? { hidden: true } : {}
    case 'custom.align':
    case 'custom.lineWidth':
      return {}
    default:
      findings.differs('overrideProperty', String(id))
      return {}
  }
}
