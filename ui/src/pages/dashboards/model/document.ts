// A dashboard as data: what lies in the file. `docs/dashboards.md` describes it for people.
export const documentVersion = 1
export const columns = 24
export const largestDocument = 2 * 1024 * 1024

export const panelTypes = ['timeseries', 'stat', 'gauge', 'bargauge', 'table', 'heatmap', 'text', 'logs', 'traces', 'row', 'unsupported'] as const
export type PanelType = (typeof panelTypes)[number]

export const queryLanguages = ['promql', 'sql', 'traceql'] as const
export type QueryLanguage = (typeof queryLanguages)[number]

export const reducers = ['last', 'first', 'mean', 'min', 'max', 'sum', 'count', 'range', 'delta', 'median', 'p95'] as const
export type Reducer = (typeof reducers)[number]

export const colourNames = ['green', 'yellow', 'orange', 'red', 'blue', 'purple', 'gray'] as const
// One of the names, which follow the theme, or `#rrggbb`.
export type Colour = string

// In cells: 24 columns, rows of 30 pixels.
export interface Place {
  x: number
  y: number
  w: number
  h: number
}

export interface Query {
  ref: string
  language: QueryLanguage
  query: string
  legend?: string // `{{label}}`
  instant?: boolean
  step?: string // the smallest one
  hidden?: boolean
}

// `from` is null for the colour below all others. With `percent`, of the way from min to max.
export interface Threshold {
  from: number | null
  colour: Colour
}

export type Mapping =
  | { kind: 'value'; value: string; text?: string; colour?: Colour }
  | { kind: 'range'; from: number | null; to: number | null; text?: string; colour?: Colour }
  | { kind: 'regex'; pattern: string; text?: string; colour?: Colour }
  | { kind: 'special'; match: 'null' | 'nan' | 'empty' | 'true' | 'false'; text?: string; colour?: Colour }

export interface Link {
  title: string
  url: string
  tab?: boolean
}

// What holds for some fields (columns of a table, series of a chart) only.
export interface Override {
  by: 'name' | 'regex' | 'query'
  match: string
  name?: string
  unit?: string
  decimals?: number
  colour?: Colour
  hidden?: boolean
  width?: number
}

export type Transform =
  | { kind: 'organize'; hide: string[]; order: string[]; rename: Record<string, string> }
  | { kind: 'merge' }
  | { kind: 'reduce'; reducers: Reducer[] }
  | { kind: 'sort'; field: string; descending: boolean }
  | { kind: 'limit'; rows: number }
  | { kind: 'keep'; names: string[]; pattern: string }

export type Verdict = 'converted' | 'approximated' | 'unsupported'

// What became of a panel of Grafana that could not be taken as it was, and the panel itself.
export interface Imported {
  verdict: Exclude<Verdict, 'converted'>
  notes: Note[]
  original: unknown
}

// A key of the catalogue and what goes into it, so that reports are read in the reader's language.
export interface Note {
  what: string
  detail?: string
}

export interface Panel {
  id: number
  type: PanelType
  title: string
  description?: string
  place: Place
  queries: Query[]
  unit?: string
  decimals?: number
  min?: number
  max?: number
  thresholds?: Threshold[]
  thresholdsIn?: 'percent'
  thresholdsShown?: boolean // drawn in a chart
  mappings?: Mapping[]
  noValue?: string
  links?: Link[]
  overrides?: Override[]
  transforms?: Transform[]
  legend?: 'list' | 'table' | 'hidden'
  draw?: 'lines' | 'bars' | 'points'
  fill?: number // 0 to 100
  stack?: 'normal' | 'percent'
  log?: boolean
  reduce?: Reducer
  rows?: boolean // each row of a table is a value, rather than each series
  colour?: 'value' | 'background' | 'none'
  sparkline?: boolean
  show?: 'value' | 'name' | 'both'
  text?: string
  minInterval?: string
  repeat?: Repeat
  collapsed?: boolean
  imported?: Imported
}

export interface Repeat {
  variable: string
  down?: boolean
  most?: number // beside each other
}

export const variableTypes = ['query', 'custom', 'constant', 'interval', 'text'] as const
export type VariableType = (typeof variableTypes)[number]

export interface Variable {
  name: string
  type: VariableType
  label?: string
  description?: string
  query: string // or the value of a constant, the values of a list, the default of a text
  language?: 'promql' | 'sql'
  regex?: string
  sort?: 'name' | '-name' | 'number' | '-number'
  multi?: boolean
  all?: boolean
  allValue?: string
  auto?: boolean
  autoSteps?: number
  autoLeast?: string
  value?: string[] // chosen when the address says nothing
  hidden?: boolean
}

// Moments that are drawn over the charts: series that are not zero, or rows with a time.
export interface Annotation {
  name: string
  language: 'promql' | 'sql'
  query: string
  text?: string // `{{label}}` or `{{column}}`
  colour?: Colour
  off?: boolean // until somebody asks for it
}

export interface Origin {
  from: 'grafana-classic' | 'grafana-v2'
  notes: Note[]
  original: Record<string, unknown>
}

export interface Dashboard {
  version: typeof documentVersion
  title: string
  description?: string
  tags: string[]
  time: string | { from: string; to: string }
  refresh?: string
  sampleInterval?: string
  links?: Link[]
  variables: Variable[]
  annotations?: Annotation[]
  panels: Panel[]
  imported?: Origin
}

export const emptyDashboard = (title: string): Dashboard => ({ version: documentVersion, title, tags: [], time: '1h', variables: [], panels: [] })

export const allValues = '$__all'
export const defaultSampleInterval = '1m'

export const titleToId = (title: string): string =>
  title
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 80)
    .replace(/-+$/, '') || 'dashboard'
