// One panel of the classic schema, of any of its ages, to one of ours.
import type { Panel, PanelType, Repeat } from '../model/document'
import { filled, list, number, object, present, text, yes, type Json } from '../model/json'
import { fieldDefaults, links, reducerList } from './fields'
import { legendFigures } from './legend'
import { colouredOld, graphOld, heatmapOld, tableOld } from './old'
import { Findings } from './notes'
import { reduced } from './reduced'
import { convertTargets, type Targets } from './targets'
import { transforms } from './transforms'

type Draft = Omit<Panel, 'id' | 'place'>

const types: Record<string, PanelType> = {
  timeseries: 'timeseries', graph: 'timeseries', stat: 'stat', singlestat: 'stat', 'grafana-singlestat-panel': 'stat', gauge: 'gauge', bargauge: 'bargauge',
  table: 'table', 'table-old': 'table', heatmap: 'heatmap', 'heatmap-new': 'heatmap', text: 'text', logs: 'logs', traces: 'traces', row: 'row',
  piechart: 'bargauge', 'grafana-piechart-panel': 'bargauge', barchart: 'bargauge', 'state-timeline': 'timeseries', 'status-history': 'timeseries', trend: 'timeseries',
}
const otherwise: Record<string, string> = {
  piechart: 'pie', 'grafana-piechart-panel': 'pie', barchart: 'barChart', 'state-timeline': 'states', 'status-history': 'states', trend: 'states',
}

export interface Converted {
  panel: Draft
  findings: Findings
}

export function convertPanel(source: Json): Converted {
  const findings = new Findings()
  const kind = filled(source['type']) ?? ''
  const type = types[kind]
  const named: Pick<Draft, 'title'> & Partial<Draft> = { title: text(source['title']) ?? '', ...present<Draft>({ description: filled(source['description']) }) }
  if (source['libraryPanel'] !== undefined && !type) findings.refuse('libraryPanel', filled(object(source['libraryPanel'])['name']) ?? '')
  else if (!type) findings.refuse('panelType', kind)
  else {
    const differs = otherwise[kind]
    if (differs) findings.differs(differs)
    const body = convertBody(type, kind, source, findings)
    const draft: Draft = { type, queries: [], ...named, ...body, ...around(source, findings) }
    // A panel whose queries all fell away has nothing to show; with some left, it shows those.
    if (findings.verdict() !== 'unsupported') return { panel: draft, findings }
    if (draft.queries.length > 0) return { panel: draft, findings }
  }
  return { panel: { type: 'unsupported', queries: [], ...named }, findings }
}

function around(source: Json, findings: Findings): Partial<Draft> {
  const own = links([...list(source['links']), ...list(object(object(source['fieldConfig'])['defaults'])['links'])], findings)
  if (filled(source['timeFrom'])) findings.differs('timeFrom', text(source['timeFrom']))
  if (filled(source['timeShift'])) findings.differs('timeShift', text(source['timeShift']))
  const repeat = repeatOf(source)
  return { ...(own.length > 0 ? { links: own } : {}), ...(repeat ? { repeat } : {}) }
}

export function repeatOf(source: Json): Repeat | undefined {
  const variable = filled(source['repeat'])
  if (!variable) return undefined
  return { variable, ...present<Repeat>({ down: source['repeatDirection'] === 'v' || undefined, most: number(source['maxPerRow']) }) }
}

function convertBody(type: PanelType, kind: string, source: Json, findings: Findings): Partial<Draft> {
  if (type === 'text') return textPanel(source, findings)
  if (type === 'row') return yes(source['collapsed']) ? { collapsed: true } : {}
  const targets = convertTargets(source, findings)
  const base: Partial<Draft> = { queries: targets.queries, ...withTransforms(source, findings), ...present<Draft>({ minInterval: filled(source['interval']) }) }
  if (kind === 'graph') return { ...base, ...graphOld(source, findings) }
  if (kind === 'singlestat' || kind === 'grafana-singlestat-panel') return { ...base, ...colouredOld(source, findings) }
  if (kind === 'table-old' || (kind === 'table' && source['styles'] !== undefined)) return { ...base, ...tableOld(source, findings) }
  if (type === 'heatmap' && source['dataFormat'] !== undefined) return { ...base, ...heatmapOld(source, findings) }
  return { ...base, ...fieldDefaults(source['fieldConfig'], findings), ...options(type, source, targets, findings) }
}

function withTransforms(source: Json, findings: Findings): Partial<Draft> {
  const read = transforms(source['transformations'], findings)
  return read.length > 0 ? { transforms: read } : {}
}

function options(type: PanelType, source: Json, targets: Targets, findings: Findings): Partial<Draft> {
  switch (type) {
    case 'timeseries':
      return chart(source, findings)
    case 'stat':
    case 'gauge':
    case 'bargauge':
      return reduced(type, object(source['options']), findings)
    case 'heatmap':
      return heatmap(source, targets, findings)
    default:
      return {}
  }
}

export function chart(source: Json, findings: Findings): Partial<Draft> {
  const custom = object(object(object(source['fieldConfig'])['defaults'])['custom'])
  const legend = object(object(source['options'])['legend'])
  const stacking = text(object(custom['stacking'])['mode'])
  const draw = custom['drawStyle'] === 'bars' ? 'bars' : custom['drawStyle'] === 'points' ? 'points' : undefined
  const scale = object(custom['scaleDistribution'])['type']
  if (custom['axisPlacement'] === 'right') findings.differs('secondAxis')
  if (scale === 'symlog') findings.differs('symlog')
  const hidden = legend['showLegend'] === false || legend['displayMode'] === 'hidden'
  const values = legendFigures(reducerList(legend['calcs'], findings), findings)
  const style = text(object(custom['thresholdsStyle'])['mode'])
  const fill = number(custom['fillOpacity'])
  return present<Draft>({
    draw, stack: stacking === 'normal' || stacking === 'percent' ? stacking : undefined, log: scale === 'log' || scale === 'symlog' || undefined,
    legend: hidden ? 'hidden' : legend['displayMode'] === 'table' || values ? 'table' : 'list',
    thresholdsShown: (style !== undefined && style !== 'off') || undefined, fill: fill === undefined || fill === 0 ? undefined : fill,
  })
}

function heatmap(source: Json, targets: Targets, findings: Findings): Partial<Draft> {
  const own = object(source['options'])
  if (yes(own['calculate'])) findings.refuse('calculatedHeatmap')
  else if (!targets.heatmap && targets.queries.some(({ query }) => !/\ble\b/.test(query))) findings.differs('heatmapOfSeries')
  return present<Draft>({ unit: filled(object(own['yAxis'])['unit']) })
}

function textPanel(source: Json, findings: Findings): Partial<Draft> {
  const own = object(source['options'])
  const mode = filled(own['mode']) ?? filled(source['mode']) ?? 'markdown'
  const content = text(own['content']) ?? text(source['content']) ?? ''
  if (mode !== 'html' && !/<[a-z][^>]*>/i.test(content)) return { text: content }
  findings.differs('html')
  return { text: htmlToText(content) }
}

// Words, headings, list items and links of HTML; nothing of it is ever put into the page.
export function htmlToText(html: string): string {
  return html
    .replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, '')
    .replace(/<a\b[^>]*\bhref\s*=\s*["'](https?:\/\/[^"'\s]+)["'][^>]*>([\s\S]*?)<\/a>/gi, '[$2]($1)')
    .replace(/<h([1-3])\b[^>]*>/gi, (_, level: string) => `\n${'#'.repeat(Number(level))} `)
    .replace(/<li\b[^>]*>/gi, '\n- ')
    .replace(/<\/?(b|strong)\b[^>]*>/gi, '**')
    .replace(/<(br|\/p|\/div|\/h[1-6]|\/ul|\/ol|\/tr)\b[^>]*>/gi, '\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&nbsp;/g, ' ').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, '&')
    .replace(/[ \t]+\n/g, '\n').replace(/\n{3,}/g, '\n\n')
    .trim()
}

