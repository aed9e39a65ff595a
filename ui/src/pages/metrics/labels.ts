// What the labels of series say: which there are, and how many values each has.
import type { Labels } from '../../promql/answer'
import { isObscure } from '../../promql/series'

export interface LabelStats {
  label: string
  values: readonly { value: string; series: number }[] // the most frequent first
  series: number // that have the label
}

// Labels that belong to the form of a metric and not to what it measures.
const formal = new Set(['__name__', 'le', 'quantile'])

export function labelStats(series: readonly Labels[]): LabelStats[] {
  const found = new Map<string, Map<string, number>>()
  for (const labels of series) {
    for (const [label, value] of Object.entries(labels)) {
      if (formal.has(label)) continue
      const counts = found.get(label) ?? new Map<string, number>()
      found.set(label, counts)
      counts.set(value, (counts.get(value) ?? 0) + 1)
    }
  }
  return [...found]
    .map(([label, counts]) => ({ label, values: [...counts].map(([value, count]) => ({ value, series: count })).sort((left, right) => right.series - left.series || (left.value < right.value ? -1 : 1)), series: [...counts.values()].reduce((sum, count) => sum + count, 0) }))
    .sort((left, right) => right.values.length - left.values.length || (left.label < right.label ? -1 : 1))
}

// Labels that tell series apart; obscure ones last.
export function dividing(labels: readonly LabelStats[]): LabelStats[] {
  const several = labels.filter(({ values }) => values.length > 1)
  return [...several.filter(({ label }) => !isObscure(label)), ...several.filter(({ label }) => isObscure(label))]
}

export interface Blame {
  label: string
  values: number
  without: number // series that would be left without the label
}

// How many series there would be without each label: the fewer, the more the label is to blame.
export function blame(series: readonly Labels[]): Blame[] {
  return labelStats(series)
    .filter(({ values }) => values.length > 1)
    .map(({ label, values }) => ({ label, values: values.length, without: distinctWithout(series, label) }))
    .sort((left, right) => left.without - right.without || right.values - left.values)
}

function distinctWithout(series: readonly Labels[], dropped: string): number {
  const known = new Set<string>()
  for (const labels of series) known.add(JSON.stringify(Object.entries(labels).filter(([label]) => label !== dropped).sort()))
  return known.size
}
