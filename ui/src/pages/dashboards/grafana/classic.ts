// Grafana's classic schema, from its first rows to schema 41, to a dashboard of ours. Pure: JSON in, dashboard out.
import { columns, documentVersion, type Dashboard, type Link, type Note, type Panel, type Place, type Verdict } from '../model/document'
import { settle } from '../model/grid'
import { filled, isObject, number, object, objects, present, text, texts, yes, type Json } from '../model/json'
import { convertAnnotations } from './annotations'
import { Findings } from './notes'
import { convertPanel } from './panels'
import { convertVariables } from './variables'

export const isClassic = (value: unknown): value is Json =>
  isObject(value) && (Array.isArray(value['panels']) || Array.isArray(value['rows'])) && ('schemaVersion' in value || 'rows' in value || 'templating' in value || objects(value['panels']).some((panel) => 'gridPos' in panel))

export interface Placed {
  source: Json
  place: Place
}

export function convertClassic(source: Json): Dashboard {
  const notes: Note[] = []
  const variables = convertVariables(object(source['templating'])['list'], notes)
  const placed = Array.isArray(source['rows']) && source['rows'].length > 0 ? fromRows(objects(source['rows'])) : fromGrid(objects(source['panels']))
  const { annotations, kept } = convertAnnotations(object(source['annotations'])['list'], notes)
  const dashboard = {
    version: documentVersion,
    title: filled(source['title']) ?? 'Dashboard',
    ...present<Dashboard>({ description: filled(source['description']) }),
    tags: texts(source['tags']),
    time: timeOf(object(source['time']), notes),
    ...present<Dashboard>({ refresh: refreshOf(source['refresh']), links: dashboardLinks(source['links'], notes) }),
    variables,
    ...(annotations ? { annotations } : {}),
    panels: build(placed),
  } satisfies Dashboard
  return notes.length > 0 ? { ...dashboard, imported: { from: 'grafana-classic', notes, original: kept } } : dashboard
}

export function build(placed: readonly Placed[]): Panel[] {
  const used = new Set<number>()
  // Whoever has no id of its own, or one that is taken, gets one that nobody has.
  let next = placed.reduce((most, { source }) => Math.max(most, number(source['id']) ?? 0), 0) + 1
  const idOf = (wanted: number | undefined): number => (wanted !== undefined && wanted > 0 && Number.isInteger(wanted) && !used.has(wanted) ? wanted : next++)
  const panels = placed.map(({ source, place }): Panel => {
    const { panel, findings } = convertPanel(source)
    const id = idOf(number(source['id']))
    used.add(id)
    return { ...panel, id, place, ...importedOf(source, findings) }
  })
  return settle(panels)
}

function importedOf(source: Json, findings: Findings): Pick<Panel, 'imported'> {
  const verdict: Verdict = findings.verdict()
  return verdict === 'converted' ? {} : { imported: { verdict, notes: findings.notes, original: source } }
}

// Panels of a folded row are inside it; here they lie below it, so what follows makes room.
export function fromGrid(panels: readonly Json[]): Placed[] {
  const placed: Placed[] = []
  let lowered = 0
  const ordered = [...panels].sort((left, right) => gridOf(left).y - gridOf(right).y || gridOf(left).x - gridOf(right).x)
  for (const source of ordered) {
    const place = gridOf(source)
    const y = place.y + lowered
    placed.push({ source: withoutPanels(source), place: { ...place, y } })
    const inside = objects(source['panels'])
    if (source['type'] !== 'row' || inside.length === 0) continue
    const top = Math.min(...inside.map((one) => gridOf(one).y))
    const bottom = Math.max(...inside.map((one) => gridOf(one).y + gridOf(one).h))
    for (const one of inside) placed.push({ source: one, place: { ...gridOf(one), y: y + 1 + gridOf(one).y - top } })
    lowered += bottom - top
  }
  return placed
}

function withoutPanels(source: Json): Json {
  if (source['type'] !== 'row') return source
  const { panels: _, ...row } = source
  return row
}

function gridOf(source: Json): Place {
  const grid = object(source['gridPos'])
  const row = source['type'] === 'row'
  const w = row ? columns : Math.min(columns, Math.max(1, number(grid['w']) ?? 12))
  return { x: row ? 0 : Math.min(columns - w, Math.max(0, number(grid['x']) ?? 0)), y: Math.max(0, number(grid['y']) ?? 0), w, h: row ? 1 : Math.max(1, number(grid['h']) ?? 8) }
}

const oldColumns = 12
const rowPixels = 38

// Before version 5, panels stood in rows with a height in pixels, and each had a span of twelve columns.
export function fromRows(rows: readonly Json[]): Placed[] {
  const placed: Placed[] = []
  let y = 0
  for (const row of rows) {
    const inside = objects(row['panels'])
    const titled = yes(row['showTitle']) || yes(row['collapse']) || filled(row['repeat']) !== undefined
    if (titled) {
      placed.push({ source: { type: 'row', title: text(row['title']) ?? '', collapsed: yes(row['collapse']), ...(filled(row['repeat']) ? { repeat: row['repeat'] } : {}) }, place: { x: 0, y, w: columns, h: 1 } })
      y += 1
    }
    const high = cellsOf(row['height'])
    let x = 0
    let tallest = 0
    for (const source of inside) {
      const w = Math.min(columns, Math.max(2, Math.round(((number(source['span']) ?? 4) / oldColumns) * columns)))
      const h = source['height'] === undefined ? high : cellsOf(source['height'])
      if (x + w > columns) {
        x = 0
        y += tallest
        tallest = 0
      }
      placed.push({ source, place: { x, y, w, h } })
      x += w
      tallest = Math.max(tallest, h)
    }
    y += tallest
  }
  return placed
}

function cellsOf(height: unknown): number {
  const pixels = number(typeof height === 'string' ? height.replace(/px$/, '') : height) ?? 250
  return Math.max(2, Math.round(pixels / rowPixels))
}

export function timeOf({ from, to }: Json, notes: Note[]): Dashboard['time'] {
  const start = filled(from)
  const end = filled(to) ?? 'now'
  if (!start) return '6h'
  const back = /^now-(\d+)([smhdw])$/.exec(start)
  if (back && end === 'now') return `${back[1]}${back[2]}`
  if (/^\d{4}-\d\d-\d\d/.test(start) && /^\d{4}-\d\d-\d\d/.test(end)) return { from: start, to: end }
  notes.push({ what: 'time', detail: `${start} – ${end}` })
  const whole = /^now-(\d+)([smhdw])/.exec(start)
  return whole ? `${whole[1]}${whole[2]}` : '24h'
}

export const refreshOf = (value: unknown): string | undefined => {
  const written = filled(value)
  return written && /^\d+[smhd]$/.test(written) ? written : undefined
}

export function dashboardLinks(written: unknown, notes: Note[]): Link[] | undefined {
  const read = objects(written).flatMap((link): Link[] => {
    const url = filled(link['url'])
    if (link['type'] === 'link' && url && /^https?:\/\//.test(url)) return [{ title: filled(link['title']) ?? url, url, ...(yes(link['targetBlank']) ? { tab: true } : {}) }]
    notes.push({ what: 'link', detail: filled(link['title']) ?? url ?? text(link['type']) ?? '' })
    return []
  })
  return read.length > 0 ? read : undefined
}
