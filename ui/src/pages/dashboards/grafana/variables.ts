// `templating.list` of the classic schema.
import { allValues, type Note, type Variable } from '../model/document'
import { filled, list, number, object, objects, present, text, texts, yes, type Json } from '../model/json'

const sorts = [undefined, 'name', '-name', 'number', '-number', 'name', '-name', 'name', '-name'] as const

export function convertVariables(written: unknown, notes: Note[]): Variable[] {
  const names = new Set<string>()
  return objects(written).flatMap((one) => {
    const name = filled(one['name']) ?? ''
    const variable = names.has(name) ? null : convertVariable(one, name, notes)
    if (!variable) return []
    names.add(name)
    return [variable]
  })
}

function convertVariable(one: Json, name: string, notes: Note[]): Variable | null {
  if (!/^[A-Za-z_]\w{0,79}$/.test(name)) {
    if (name !== '') notes.push({ what: 'variableName', detail: name })
    return null
  }
  const shown = present<Variable>({ label: filled(one['label']), description: filled(one['description']), hidden: isHidden(one['hide']) || undefined })
  switch (one['type']) {
    case 'query':
      return { name, type: 'query', ...shown, ...queryOf(one, name, notes), ...choices(one), ...present<Variable>({ regex: filled(one['regex']), sort: sorts[number(one['sort']) ?? 0] }) }
    case 'custom':
      return { name, type: 'custom', ...shown, query: customQuery(one), ...choices(one) }
    case 'constant':
      return { name, type: 'constant', ...shown, query: text(one['query']) ?? String(object(one['current'])['value'] ?? ''), hidden: true }
    case 'textbox':
      return { name, type: 'text', ...shown, query: text(one['query']) ?? '', ...present<Variable>({ value: current(one) }) }
    case 'interval':
      return { name, type: 'interval', ...shown, query: text(one['query']) ?? '1m,10m,1h', ...intervalOf(one) }
    // Every source is this server: what was chosen among sources says nothing here.
    case 'datasource':
      return null
    default:
      notes.push({ what: 'variableType', detail: `${name}: ${String(one['type'])}` })
      return null
  }
}

// 2 hides all of it; 1 hides the label only.
const isHidden = (hide: unknown): boolean => hide === 2 || hide === 'hideVariable'

function queryOf(one: Json, name: string, notes: Note[]): Pick<Variable, 'query'> {
  const query = one['query']
  if (typeof query === 'string') return { query }
  const fields = object(query)
  const written = filled(fields['query']) ?? filled(fields['expr']) ?? filled(one['definition'])
  if (written) return { query: written }
  const label = filled(fields['label'])
  if (label) return { query: filled(fields['metric']) ? `label_values(${String(fields['metric'])}, ${label})` : `label_values(${label})` }
  notes.push({ what: 'variableQuery', detail: name })
  return { query: '' }
}

function customQuery(one: Json): string {
  const written = text(one['query'])
  if (written !== undefined && written !== '') return written
  return objects(one['options']).flatMap((option) => (option['value'] === allValues ? [] : filled(option['value']) ?? [])).map((value) => value.replace(/,/g, '\\,')).join(',')
}

function choices(one: Json): Partial<Variable> {
  const all = yes(one['includeAll'])
  const allValue = filled(one['allValue'])
  return present<Variable>({ multi: yes(one['multi']) || undefined, all: all || undefined, allValue: all ? allValue : undefined, value: current(one) })
}

function current(one: Json): string[] | undefined {
  const value = object(one['current'])['value']
  const values = typeof value === 'string' ? [value] : texts(list(value))
  const filledOnes = values.filter((each) => each !== '')
  return filledOnes.length > 0 ? filledOnes : undefined
}

function intervalOf(one: Json): Partial<Variable> {
  const auto = yes(one['auto'])
  const chosen = current(one)?.map((value) => (value.startsWith('$__auto') ? '$__auto' : value))
  return present<Variable>({ auto: auto || undefined, autoSteps: auto ? number(one['auto_count']) : undefined, autoLeast: auto ? filled(one['auto_min']) : undefined, value: chosen })
}
