// How a value is written and coloured: overrides of its field, mappings, thresholds, unit.
import { format } from '../../../promql/units'
import type { Colour, Mapping, Override, Panel, Threshold } from '../model/document'
import type { Cell } from './data'
import { safely } from './transform'

const named: Record<string, string> = {
  green: 'var(--ok)', yellow: 'var(--s6)', orange: 'var(--s1)', red: 'var(--error)', blue: 'var(--info)', purple: 'var(--fatal)', gray: 'var(--quiet)',
}

export const cssColour = (colour: Colour): string => named[colour] ?? (/^#[0-9a-f]{6}$/i.test(colour) ? colour : 'var(--quiet)')

export interface Look {
  unit?: string | undefined
  decimals?: number | undefined
  min?: number | undefined
  max?: number | undefined
  thresholds: readonly Threshold[]
  inPercent: boolean
  mappings: readonly Mapping[]
  noValue: string
  name?: string | undefined
  colour?: string | undefined
  hidden: boolean
  width?: number | undefined
}

export function lookFor(panel: Panel, field: { name: string; ref?: string | undefined }): Look {
  const own: Partial<Override> = {}
  for (const { by, match, ...rest } of panel.overrides ?? []) if (matches(by, match, field)) Object.assign(own, rest)
  return {
    unit: own.unit ?? panel.unit, decimals: own.decimals ?? panel.decimals, min: panel.min, max: panel.max, thresholds: panel.thresholds ?? [],
    inPercent: panel.thresholdsIn === 'percent', mappings: panel.mappings ?? [], noValue: panel.noValue ?? '–',
    name: own.name, colour: own.colour ? cssColour(own.colour) : undefined, hidden: own.hidden ?? false, width: own.width,
  }
}

function matches(by: Override['by'], match: string, { name, ref }: { name: string; ref?: string | undefined }): boolean {
  if (by === 'name') return match === name
  if (by === 'query') return match === ref
  return safely(match)?.test(name) ?? false
}

export interface ShownValue {
  text: string
  colour?: string // of CSS; none where neither mapping nor threshold says one
}

export function showValue(value: Cell | undefined, look: Look): ShownValue {
  const mapping = look.mappings.find((one) => applies(one, value ?? null))
  const colour = mapping?.colour ?? (typeof value === 'number' ? thresholdColour(value, look) : undefined)
  const text = mapping?.text ?? plainText(value, look)
  return { text, ...(colour ? { colour: cssColour(colour) } : {}) }
}

function plainText(value: Cell | undefined, look: Look): string {
  if (value === null || value === undefined || (typeof value === 'number' && Number.isNaN(value))) return look.noValue
  return typeof value === 'number' ? format(value, look.unit, look.decimals) : String(value)
}

export function thresholdColour(value: number, { thresholds, inPercent, min = 0, max = 100 }: Look): Colour | undefined {
  const measured = inPercent ? ((value - min) / (max - min || 1)) * 100 : value
  return thresholds.filter(({ from }) => from === null || from <= measured).at(-1)?.colour
}

function applies(mapping: Mapping, value: Cell): boolean {
  switch (mapping.kind) {
    case 'value':
      return value !== null && (String(value) === mapping.value || (typeof value === 'number' && mapping.value.trim() !== '' && Number(mapping.value) === value))
    case 'range':
      return typeof value === 'number' && (mapping.from === null || value >= mapping.from) && (mapping.to === null || value <= mapping.to)
    case 'regex':
      return typeof value === 'string' && (safely(mapping.pattern.replace(/^\/(.*)\/\w*$/, '$1'))?.test(value) ?? false)
    case 'special':
      if (mapping.match === 'null') return value === null
      if (mapping.match === 'nan') return typeof value === 'number' && Number.isNaN(value)
      if (mapping.match === 'empty') return value === ''
      return String(value) === mapping.match
  }
}
