// Grafana's second schema (`dashboard.grafana.app/v2…`): elements, and layouts that place them. Each element is put
// into the classic shape, so that one set of rules says what becomes of a panel.
import { columns, documentVersion, type Dashboard, type Note } from '../model/document'
import { filled, isObject, number, object, objects, present, text, texts, yes, type Json } from '../model/json'
import { classicAnnotation, convertAnnotations } from './annotations'
import { build, dashboardLinks, refreshOf, timeOf, type Placed } from './classic'
import { convertVariables } from './variables'

export function specOfV2(value: unknown): Json | null {
  if (!isObject(value)) return null
  const spec = isObject(value['spec']) ? value['spec'] : value
  return isObject(spec['elements']) && isObject(spec['layout']) ? spec : null
}

export function convertV2(spec: Json): Dashboard {
  const notes: Note[] = []
  const variables = convertVariables(objects(spec['variables']).map(classicVariable), notes)
  const settings = object(spec['timeSettings'])
  const { annotations, kept } = convertAnnotations(objects(spec['annotations']).map(classicAnnotation), notes)
  const placed = new Layouts(object(spec['elements']), notes).place(object(spec['layout']), 0).placed
  const dashboard = {
    version: documentVersion,
    title: filled(spec['title']) ?? 'Dashboard',
    ...present<Dashboard>({ description: filled(spec['description']) }),
    tags: texts(spec['tags']),
    time: timeOf(settings, notes),
    ...present<Dashboard>({ refresh: refreshOf(settings['autoRefresh']), links: dashboardLinks(spec['links'], notes) }),
    variables,
    ...(annotations ? { annotations } : {}),
    panels: build(placed),
  } satisfies Dashboard
  return notes.length > 0 ? { ...dashboard, imported: { from: 'grafana-v2', notes, original: kept } } : dashboard
}

const kindsOfVariables: Record<string, string> = {
  QueryVariable: 'query', CustomVariable: 'custom', ConstantVariable: 'constant', TextVariable: 'textbox', IntervalVariable: 'interval', DatasourceVariable: 'datasource',
}
const sorts = ['disabled', 'alphabeticalAsc', 'alphabeticalDesc', 'numericalAsc', 'numericalDesc', 'alphabeticalCaseInsensitiveAsc', 'alphabeticalCaseInsensitiveDesc', 'naturalAsc', 'naturalDesc']

function classicVariable({ kind, spec: written }: Json): Json {
  const spec = object(written)
  const query = isObject(spec['query']) ? object(spec['query'])['spec'] : spec['query']
  return { ...spec, type: kindsOfVariables[text(kind) ?? ''] ?? text(kind), query, sort: Math.max(0, sorts.indexOf(text(spec['sort']) ?? '')) }
}

function classicPanel(element: Json): Json {
  const spec = object(element['spec'])
  if (element['kind'] !== 'Panel') return { title: text(spec['title']) ?? '', id: spec['id'], libraryPanel: object(spec['libraryPanel']) }
  const viz = object(spec['vizConfig'])
  const drawn = object(viz['spec'])
  const data = object(object(spec['data'])['spec'])
  const limits = object(data['queryOptions'])
  const source: Json = {
    type: filled(viz['group']) ?? (viz['kind'] === 'VizConfig' ? '' : viz['kind']),
    id: spec['id'], title: spec['title'], description: spec['description'], links: spec['links'],
    options: drawn['options'], fieldConfig: drawn['fieldConfig'],
    targets: objects(data['queries']).map(classicTarget),
    transformations: objects(data['transformations']).map((one) => ({ ...object(one['spec']), id: filled(one['group']) ?? filled(object(one['spec'])['id']) ?? text(one['kind']) })),
  }
  for (const name of ['interval', 'timeFrom', 'timeShift']) if (limits[name] !== undefined) source[name] = limits[name]
  return source
}

// The kind of the query was the data source's type; later that is its `group`.
function classicTarget({ spec: written }: Json): Json {
  const spec = object(written)
  const query = object(spec['query'])
  const type = filled(query['group']) ?? (query['kind'] === 'DataQuery' ? '' : text(query['kind']))
  return { ...object(query['spec']), refId: spec['refId'], hide: yes(spec['hidden']), datasource: { type: type ?? '', uid: text(object(query['datasource'])['name']) ?? text(object(spec['datasource'])['uid']) } }
}

interface Laid {
  placed: Placed[]
  bottom: number
}

class Layouts {
  private readonly elements: Json
  private readonly notes: Note[]

  constructor(elements: Json, notes: Note[]) {
    this.elements = elements
    this.notes = notes
  }

  place(layout: Json, top: number): Laid {
    const spec = object(layout['spec'])
    switch (layout['kind']) {
      case 'GridLayout':
        return this.grid(objects(spec['items']), top)
      case 'AutoGridLayout':
        return this.auto(spec, top)
      case 'RowsLayout':
        return this.rows(objects(spec['rows']), top)
      case 'TabsLayout':
        this.notes.push({ what: 'tabs' })
        return this.rows(objects(spec['tabs']), top, true)
      default:
        this.notes.push({ what: 'layout', detail: String(layout['kind']) })
        return { placed: [], bottom: top }
    }
  }

  private grid(items: readonly Json[], top: number): Laid {
    const placed: Placed[] = []
    let bottom = top
    for (const item of items) {
      const spec = object(item['spec'])
      // In the first drafts rows stood in the grid, with items that count from the row.
      if (item['kind'] === 'GridLayoutRow') {
        const y = top + (number(spec['y']) ?? 0)
        const inner = this.grid(objects(spec['elements']), y + 1)
        placed.push(rowAt(spec, yes(spec['collapsed']), y), ...inner.placed)
        bottom = Math.max(bottom, inner.bottom)
        continue
      }
      const w = Math.min(columns, number(spec['width']) ?? 12)
      const place = { x: Math.min(columns - w, number(spec['x']) ?? 0), y: top + (number(spec['y']) ?? 0), w, h: number(spec['height']) ?? 8 }
      const source = this.element(spec)
      if (source) placed.push({ source, place })
      bottom = Math.max(bottom, place.y + place.h)
    }
    return { placed, bottom }
  }

  // Columns as many as fit are a fixed number here: three by default, as Grafana's.
  private auto(spec: Json, top: number): Laid {
    const beside = Math.min(12, Math.max(1, Math.round(number(spec['maxColumnCount']) ?? 3)))
    const w = Math.floor(columns / beside)
    const named: Record<string, number> = { short: 5, standard: 9, tall: 14 }
    const h = spec['rowHeightMode'] === 'custom' ? Math.max(3, Math.round((number(spec['rowHeight']) ?? 320) / 38)) : (named[text(spec['rowHeightMode']) ?? 'standard'] ?? 9)
    const placed = objects(spec['items']).flatMap((item, at): Placed[] => {
      const source = this.element(object(item['spec']))
      return source ? [{ source, place: { x: (at % beside) * w, y: top + Math.floor(at / beside) * h, w, h } }] : []
    })
    if (placed.length > 0) this.notes.push({ what: 'autoGrid', detail: String(beside) })
    return { placed, bottom: placed.reduce((y, { place }) => Math.max(y, place.y + place.h), top) }
  }

  private rows(rows: readonly Json[], top: number, tabs = false): Laid {
    const placed: Placed[] = []
    let y = top
    for (const [at, row] of rows.entries()) {
      const spec = object(row['spec'])
      if (isObject(spec['conditionalRendering'])) this.notes.push({ what: 'conditional', detail: text(spec['title']) ?? '' })
      const header = tabs || spec['hideHeader'] !== true
      if (header) placed.push(rowAt(spec, tabs ? at > 0 : yes(spec['collapse']), y))
      const inner = this.place(object(spec['layout']), header ? y + 1 : y)
      placed.push(...inner.placed)
      y = inner.bottom
    }
    return { placed, bottom: y }
  }

  private element(spec: Json): Json | null {
    const name = text(object(spec['element'])['name']) ?? ''
    const element = this.elements[name]
    if (!isObject(element)) {
      this.notes.push({ what: 'element', detail: name })
      return null
    }
    return { ...classicPanel(element), ...classicRepeat(spec['repeat']) }
  }
}

function rowAt(spec: Json, collapsed: boolean, y: number): Placed {
  return { source: { type: 'row', title: text(spec['title']) ?? '', collapsed, ...classicRepeat(spec['repeat']) }, place: { x: 0, y, w: columns, h: 1 } }
}

function classicRepeat(written: unknown): Json {
  const repeat = object(written)
  const variable = filled(repeat['value'])
  if (repeat['mode'] !== 'variable' || !variable) return {}
  return { repeat: variable, repeatDirection: repeat['direction'] === 'v' ? 'v' : 'h', ...(number(repeat['maxPerRow']) ? { maxPerRow: repeat['maxPerRow'] } : {}) }
}
