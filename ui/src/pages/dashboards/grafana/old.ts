// Panels as Grafana had them before fields had a configuration: graph, singlestat, the first table and heatmap.
import type { Mapping, Override, Panel, Reducer, Threshold, Transform } from '../model/document'
import { filled, list, number, object, objects, present, text, yes, type Json } from '../model/json'
import { colour, mappings, reducer } from './fields'
import { legendFigures } from './legend'
import type { Findings } from './notes'

export function graphOld(source: Json, findings: Findings): Partial<Panel> {
  const [left, right] = objects(source['yaxes'])
  const legend = object(source['legend'])
  const unit = filled(left?.['format'])
  if (right && yes(right['show']) && objects(source['seriesOverrides']).some((one) => one['yaxis'] === 2)) findings.differs('secondAxis')
  const stack = yes(source['stack']) ? (yes(source['percentage']) ? 'percent' : 'normal') : undefined
  const draw = yes(source['bars']) ? 'bars' : source['lines'] === false && yes(source['points']) ? 'points' : undefined
  const fill = number(source['fill'])
  const figures = legendFigures((['min', 'max', 'avg', 'current', 'total'] as const).flatMap((name) => (yes(legend[name]) ? reducer(name, findings) ?? [] : [])), findings)
  const steps = objects(source['thresholds'])
  if (steps.some((step) => step['op'] === 'lt')) findings.differs('thresholdsBelow')
  return present<Panel>({
    unit: unit === 'none' ? undefined : unit, min: number(left?.['min']), max: number(left?.['max']), decimals: number(source['decimals']), stack, draw,
    log: Number(left?.['logBase'] ?? 1) > 1 || undefined, fill: fill === undefined || fill === 0 ? undefined : Math.min(100, fill * 10),
    legend: legend['show'] === false ? 'hidden' : yes(legend['alignAsTable']) || (yes(legend['values']) && figures) ? 'table' : 'list',
    thresholds: steps.length > 0 ? [{ from: null, colour: 'green' }, ...steps.map(oldStep)] : undefined, thresholdsShown: steps.length > 0 || undefined,
    overrides: seriesOverrides(source, findings),
  })
}

const oldColours: Record<string, string> = { ok: 'green', warning: 'orange', critical: 'red' }

const oldStep = (step: Json): Threshold => ({
  from: number(step['value']) ?? 0,
  colour: oldColours[text(step['colorMode']) ?? ''] ?? colour(step['lineColor']) ?? 'red',
})

function seriesOverrides(source: Json, findings: Findings): Override[] | undefined {
  const fixed = Object.entries(object(source['aliasColors'])).flatMap(([match, value]): Override[] => {
    const read = colour(value)
    return read ? [{ by: 'name', match, colour: read }] : []
  })
  for (const one of objects(source['seriesOverrides'])) {
    const alias = filled(one['alias'])
    const read = colour(one['color'])
    const slashed = /^\/(.*)\/\w*$/.exec(alias ?? '')
    if (alias && read) fixed.push(slashed ? { by: 'regex', match: slashed[1] ?? '', colour: read } : { by: 'name', match: alias, colour: read })
    const rest = Object.keys(one).filter((key) => !['alias', 'color', 'yaxis', '$$hashKey'].includes(key))
    if (rest.length > 0) findings.differs('overrideProperty', rest.join(', '))
  }
  return fixed.length > 0 ? fixed : undefined
}

// `thresholds` is "10,20" and `colors` the three of below, between and above.
export function colouredOld(source: Json, findings: Findings): Partial<Panel> {
  const gauge = object(source['gauge'])
  const coloured = yes(source['colorValue']) || yes(source['colorBackground']) || yes(gauge['show'])
  const bounds = (text(source['thresholds']) ?? '').split(',').flatMap((part) => number(part) ?? [])
  const colours = list(source['colors']).map((one) => colour(one) ?? 'gray')
  const steps: Threshold[] = colours.length > 0 && bounds.length > 0 ? [null, ...bounds].map((from, index) => ({ from, colour: colours[index] ?? colours.at(-1) ?? 'gray' })) : []
  const format = filled(source['format'])
  for (const part of ['prefix', 'postfix']) if (filled(source[part])) findings.differs('affix', text(source[part]))
  if (source['valueName'] === 'name' || source['valueName'] === 'last_time') findings.differs('reducer', text(source['valueName']))
  const maps: Mapping[] = [...mappings(source['valueMaps']), ...mappings(source['rangeMaps'])]
  return present<Panel>({
    type: yes(gauge['show']) ? 'gauge' : undefined, unit: format === 'none' ? undefined : format, decimals: number(source['decimals']),
    min: yes(gauge['show']) ? number(gauge['minValue']) : undefined, max: yes(gauge['show']) ? number(gauge['maxValue']) : undefined,
    reduce: source['valueName'] === undefined ? 'mean' : nameOrLast(source['valueName'], findings),
    thresholds: steps.length > 0 ? steps : undefined, colour: !coloured ? 'none' : yes(source['colorBackground']) ? 'background' : undefined,
    sparkline: yes(object(source['sparkline'])['show']) || undefined, mappings: maps.length > 0 ? maps : undefined,
    noValue: filled(source['nullText']),
  })
}

const nameOrLast = (written: unknown, findings: Findings): Reducer | undefined =>
  written === 'name' || written === 'last_time' ? 'last' : reducer(written, findings)

export function tableOld(source: Json, findings: Findings): Partial<Panel> {
  const overrides = objects(source['styles']).flatMap((style): Override[] => columnStyle(style, findings))
  const mode = text(source['transform']) ?? 'timeseries_to_columns'
  const made: Transform[] = []
  if (mode === 'table') made.push({ kind: 'merge' })
  else if (mode === 'timeseries_aggregations') {
    const chosen = objects(source['columns']).flatMap((column) => reducer(column['value'], findings) ?? [])
    made.push({ kind: 'reduce', reducers: chosen.length > 0 ? chosen : ['mean'] })
  } else findings.differs('tableTransform', mode)
  return { ...(overrides.length > 0 ? { overrides } : {}), ...(made.length > 0 ? { transforms: made } : {}) }
}

function columnStyle(style: Json, findings: Findings): Override[] {
  const pattern = filled(style['pattern'])
  if (!pattern) return []
  const slashed = /^\/(.*)\/\w*$/.exec(pattern)
  const fields = present<Override>({
    name: filled(style['alias']), unit: style['type'] === 'number' ? filled(style['unit']) : undefined, decimals: number(style['decimals']),
    hidden: style['type'] === 'hidden' || undefined,
  })
  if (filled(style['colorMode'])) findings.differs('columnColours', pattern)
  if (Object.keys(fields).length === 0) return []
  return [{ ...(slashed ? { by: 'regex', match: slashed[1] ?? '' } : { by: 'name', match: pattern }), ...fields }]
}

export function heatmapOld(source: Json, findings: Findings): Partial<Panel> {
  if (source['dataFormat'] !== 'tsbuckets') findings.refuse('calculatedHeatmap')
  return present<Panel>({ unit: filled(object(source['yAxis'])['format']) })
}
