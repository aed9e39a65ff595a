// Which metrics there are: names of series put together to what was sent, with what is said of it.
import type { Row } from '../../../api/client'
import type { MetricMetadata } from '../../../promql/answer'
import { kindOf, type Metric } from '../automatic'

export interface Family extends Metric {
  type: string // as Prometheus says it
  help: string
  series: number | null // that were sent in the range; null where nobody knows
}

const partSuffix = /_(?:bucket|sum|count)$/

export function families(names: readonly string[], described: Readonly<Record<string, readonly MetricMetadata[]>>, counts: readonly Row[] = []): Family[] {
  const present = new Set(names)
  const found = new Map<string, Family>()
  const countOf = countsBy(counts)
  for (const name of names) {
    const base = name.replace(partSuffix, '')
    const known = described[name]?.[0]
    // A counter may well end in `_count`; it is a part only of what says so, or of what has buckets.
    const partOfKnown = base !== name && (isWhole(described[base]?.[0]?.type) || (!known && present.has(`${base}_bucket`)))
    const family = partOfKnown ? base : name
    if (found.has(family)) continue
    const metadata = described[family]?.[0]
    const kind = kindOf(family, metadata?.type, present)
    const { unit = '', help = '' } = metadata ?? {}
    found.set(family, { name: family, kind, type: kind === 'native' ? 'histogram' : kind, unit, help, series: countOf(family, described[family] ?? []) })
  }
  return [...found.values()].sort((left, right) => (left.name < right.name ? -1 : 1))
}

const isWhole = (type: string | undefined): boolean => type === 'histogram' || type === 'summary'

const plain = (name: string): string => name.replace(/[^A-Za-z0-9:]+/g, '_').replace(/_+/g, '_').replace(/_total$/, '')

const prometheusType = (type: string, monotonic: boolean): string => (type === 'sum' ? (monotonic ? 'counter' : 'gauge') : type === 'exponential_histogram' ? 'histogram' : type)

// Series are counted under the names they were sent with: the same with a unit behind it.
function countsBy(rows: readonly Row[]): (name: string, described: readonly MetricMetadata[]) => number | null {
  const sent = new Map<string, { type: string; unit: string; series: number }[]>()
  for (const row of rows) {
    const name = plain(String(row['metric_name']))
    const entry = { type: prometheusType(String(row['type']), row['is_monotonic'] === true), unit: String(row['unit'] ?? ''), series: Number(row['series']) }
    sent.set(name, [...(sent.get(name) ?? []), entry])
  }
  return (name, described) => {
    const whole = plain(name)
    for (let end = whole.length; end > 0; end = whole.lastIndexOf('_', end - 1)) {
      const fitting = (sent.get(whole.slice(0, end)) ?? []).filter((entry) => described.some(({ type, unit }) => type === entry.type && unit === entry.unit))
      if (fitting.length > 0) return fitting.reduce((sum, { series }) => sum + series, 0)
    }
    return null
  }
}

export const prefixOf = (name: string): string => name.split('_')[0] ?? name

export function prefixes(all: readonly Family[]): { prefix: string; count: number }[] {
  const counts = new Map<string, number>()
  for (const { name } of all) counts.set(prefixOf(name), (counts.get(prefixOf(name)) ?? 0) + 1)
  return [...counts].map(([prefix, count]) => ({ prefix, count })).sort((left, right) => right.count - left.count || (left.prefix < right.prefix ? -1 : 1))
}

export interface Narrowed {
  find: string
  type: string
  prefix: string
}

export function narrow(all: readonly Family[], { find, type, prefix }: Narrowed): Family[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean)
  return all.filter((family) => {
    if (type !== '' && family.type !== type) return false
    if (prefix !== '' && prefixOf(family.name) !== prefix) return false
    const text = `${family.name} ${family.help} ${family.unit}`.toLowerCase()
    // Names as they were sent have dots.
    return words.every((word) => text.includes(word) || text.includes(word.replace(/[.\-/]/g, '_')))
  })
}
