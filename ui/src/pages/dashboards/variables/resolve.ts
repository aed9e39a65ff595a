// Finds the value of every variable: those that others depend on first, then what the address or the file chose,
// else the first that can be chosen. Asking is passed in, so that this is a function of its arguments.
import type { Fault } from '../../../api/types'
import type { Range } from '../../../time/range'
import { allValues, type Variable } from '../model/document'
import { interpolate, mentioned, type Chosen, type Scope } from './interpolate'
import { niceInterval, readInterval, stepsOf, writeInterval } from './interval'
import { builtIns, timeMacros } from './macros'
import { customOptions, intervalOptions, shapeOptions, type Option } from './options'
import { readQuestion, type Question } from './question'

export type Ask = (question: Question, range: Range) => Promise<string[]>
export type Picked = Readonly<Record<string, readonly string[]>>

export interface Resolved {
  variable: Variable
  options: Option[]
  picked: string[] // values, or [allValues]
  chosen: Chosen
  fault?: Fault
}

export const autoValue = '$__auto'

export interface Surroundings {
  range: Range
  picked: Picked // from the address
  ask: Ask
  samples?: string | undefined
}

export async function resolveVariables(variables: readonly Variable[], around: Surroundings): Promise<Resolved[]> {
  const known = new Map<string, Resolved>()
  const scope: Record<string, Chosen> = { ...builtIns(around.range, stepsOf({ range: around.range, points: 100, samples: around.samples })) }
  for (const wave of waves(variables)) {
    const found = await Promise.all(wave.map((variable) => resolveOne(variable, scope, around)))
    for (const resolved of found) {
      known.set(resolved.variable.name, resolved)
      scope[resolved.variable.name] = resolved.chosen
    }
  }
  return variables.flatMap(({ name }) => known.get(name) ?? [])
}

// Variables in the order they can be asked for, those that do not wait for each other together.
export function waves(variables: readonly Variable[]): Variable[][] {
  const names = new Set(variables.map(({ name }) => name))
  const needs = new Map(variables.map((one) => [one.name, mentioned(`${one.query} ${one.regex ?? ''}`).filter((name) => names.has(name) && name !== one.name)]))
  const done = new Set<string>()
  const order: Variable[][] = []
  let left = [...variables]
  while (left.length > 0) {
    const ready = left.filter(({ name }) => (needs.get(name) ?? []).every((need) => done.has(need)))
    // A ring has no first one: the one written first begins.
    const wave = ready.length > 0 ? ready : left.slice(0, 1)
    order.push(wave)
    for (const { name } of wave) done.add(name)
    left = left.filter(({ name }) => !done.has(name))
  }
  return order
}

async function resolveOne(variable: Variable, scope: Scope, around: Surroundings): Promise<Resolved> {
  try {
    const options = await optionsOf(variable, scope, around)
    return choose(variable, options, around)
  } catch (cause) {
    return { ...choose(variable, [], around), fault: faultOf(cause) }
  }
}

// What the API throws carries its fault.
function faultOf(cause: unknown): Fault {
  const carried = (cause as { fault?: Fault } | null)?.fault
  return carried ?? { kind: 'execution', message: cause instanceof Error ? cause.message : String(cause) }
}

async function optionsOf(variable: Variable, scope: Scope, { ask, range, samples }: Surroundings): Promise<Option[]> {
  const one = (value: string): Option[] => [{ value, text: value }]
  switch (variable.type) {
    case 'constant':
      return one(interpolate(variable.query, scope, 'text'))
    case 'text':
      return one(variable.query)
    case 'custom':
      return customOptions(interpolate(variable.query, scope, 'text'))
    case 'interval':
      return intervalOptions(variable.query)
    case 'query': {
      const sql = variable.language === 'sql'
      const steps = stepsOf({ range, points: 100, samples })
      const query = interpolate(sql ? timeMacros(variable.query, range, steps) : variable.query, scope, sql ? 'sql' : 'promql')
      const found = await ask(readQuestion(query, variable.language), range)
      const regex = variable.regex ? interpolate(variable.regex, scope, 'text') : undefined
      return shapeOptions(found, { ...(regex ? { regex } : {}), ...(variable.sort ? { sort: variable.sort } : {}) })
    }
  }
}

export function choose(variable: Variable, options: Option[], { picked, range }: Pick<Surroundings, 'picked' | 'range'>): Resolved {
  const wanted = [...(picked[variable.name] ?? variable.value ?? [])]
  if (variable.type === 'text') return single(variable, options, wanted[0] ?? variable.query)
  if (variable.type === 'constant') return single(variable, options, options[0]?.value ?? '')
  if (variable.type === 'interval') return interval(variable, options, wanted[0], range)
  const many = variable.multi === true || variable.all === true
  const first = options[0]?.value
  if (variable.all && (wanted.includes(allValues) || (wanted.length === 0 && picked[variable.name] === undefined && first === undefined))) return everything(variable, options)
  // What the address says holds although it is not among the options: data of it may have ended.
  const values = wanted.filter((value) => value !== allValues)
  const kept = variable.multi ? values : values.slice(0, 1)
  if (kept.length === 0) {
    if (variable.all && variable.value === undefined && variable.multi) return everything(variable, options)
    if (first !== undefined) kept.push(first)
  }
  const texts = kept.map((value) => options.find((option) => option.value === value)?.text ?? value)
  return { variable, options, picked: kept, chosen: { values: kept, texts, ...(many ? { many } : {}) } }
}

const single = (variable: Variable, options: Option[], value: string): Resolved => ({ variable, options, picked: [value], chosen: { values: [value] } })

function everything(variable: Variable, options: Option[]): Resolved {
  const values = options.map(({ value }) => value)
  const chosen: Chosen = { values, texts: ['All'], all: true, many: true, ...(variable.allValue ? { raw: variable.allValue } : {}) }
  // Nothing to choose from matches everything, or the panels would ask for an empty name.
  if (values.length === 0 && !variable.allValue && variable.language !== 'sql') chosen.raw = '.*'
  return { variable, options, picked: [allValues], chosen }
}

function interval(variable: Variable, options: Option[], wanted: string | undefined, range: Range): Resolved {
  const width = Number(range.to - range.from) / 1e6
  const auto = writeInterval(niceInterval(width / (variable.autoSteps ?? 30), readInterval(variable.autoLeast ?? '10s') ?? 10_000))
  const all = variable.auto ? [{ value: autoValue, text: 'auto' }, ...options] : options
  const isAuto = (value: string | undefined): boolean => value === autoValue || value === 'auto' || value?.startsWith('$__auto_interval') === true
  const value = wanted !== undefined && !isAuto(wanted) ? wanted : variable.auto ? autoValue : (options[0]?.value ?? auto)
  return { variable, options: all, picked: [value], chosen: { values: [value === autoValue ? auto : value], raw: value === autoValue ? auto : value } }
}

export const scopeOf = (resolved: readonly Resolved[]): Scope => Object.fromEntries(resolved.map(({ variable, chosen }) => [variable.name, chosen]))
