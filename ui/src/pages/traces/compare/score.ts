// How two distributions of one attribute differ.

export interface Share {
  value: string
  inside: number
  outside: number
  example: string | null // a trace of the selection that has the value
  counter: string | null // a trace of the rest
  condition?: string // how TraceQL asks for it
}

export interface Distribution {
  field: string // as filters name it
  label: string
  values: Share[]
  inside: number // spans that have any value
  outside: number
  distinct: number | null // values there are; null where only the most frequent are known
}

export interface Sides {
  inside: number
  outside: number
}

export interface Ranked extends Distribution {
  score: number
}

// Half the sum of the differences of all shares, "other" and "not set" being shares too, less what
// chance alone would give two samples of this size. A value seen once tells nothing.
export function scoreOf(distribution: Distribution, sides: Sides): number {
  if (sides.inside === 0 || sides.outside === 0) return 0
  let [distance, chance] = [0, 0]
  const inverse = 1 / sides.inside + 1 / sides.outside
  const add = (inside: number, outside: number) => {
    distance += Math.abs(inside / sides.inside - outside / sides.outside) / 2
    const pooled = (inside + outside) / (sides.inside + sides.outside)
    chance += Math.sqrt((2 / Math.PI) * Math.max(0, pooled * (1 - pooled)) * inverse) / 2
  }
  const known = distribution.values.filter(({ inside, outside }) => inside + outside > 1)
  let [listedInside, listedOutside] = [0, 0]
  for (const { inside, outside } of known) {
    add(inside, outside)
    listedInside += inside
    listedOutside += outside
  }
  add(Math.max(0, distribution.inside - listedInside), Math.max(0, distribution.outside - listedOutside))
  add(Math.max(0, sides.inside - distribution.inside), Math.max(0, sides.outside - distribution.outside))
  return Math.max(0, Math.min(1, distance - chance))
}

export const differing = 0.02

export function ranked(distributions: readonly Distribution[], sides: Sides): Ranked[] {
  return distributions
    .map((distribution) => ({ ...distribution, score: scoreOf(distribution, sides) }))
    .sort((left, right) => right.score - left.score || left.label.localeCompare(right.label))
}

// The values that differ most first, by their shares on the two sides.
export function byDifference(values: readonly Share[], sides: Sides): Share[] {
  const difference = ({ inside, outside }: Share) => Math.abs(inside / Math.max(1, sides.inside) - outside / Math.max(1, sides.outside))
  return [...values].sort((left, right) => difference(right) - difference(left) || left.value.localeCompare(right.value))
}

export interface SampledSpan {
  trace: string
  selected: boolean
  values: Record<string, string>
}

export const emptySides: Sides = { inside: 0, outside: 0 }

// Distributions counted here, of spans that were read one by one.
export function distributionsOf(spans: readonly SampledSpan[], labelOf: (field: string) => string): { sides: Sides; distributions: Distribution[] } {
  const fields = new Map<string, Map<string, Share>>()
  const sides = { ...emptySides }
  for (const { trace, selected, values } of spans) {
    sides[selected ? 'inside' : 'outside'] += 1
    for (const [field, value] of Object.entries(values)) {
      const shares = fields.get(field) ?? new Map<string, Share>()
      fields.set(field, shares)
      const share = shares.get(value) ?? { value, inside: 0, outside: 0, example: null, counter: null }
      shares.set(value, share)
      share[selected ? 'inside' : 'outside'] += 1
      if (selected) share.example ??= trace
      else share.counter ??= trace
    }
  }
  const distributions = [...fields].map(([field, shares]): Distribution => {
    const values = [...shares.values()]
    const sum = (side: 'inside' | 'outside') => values.reduce((total, share) => total + share[side], 0)
    return { field, label: labelOf(field), values, inside: sum('inside'), outside: sum('outside'), distinct: values.length }
  })
  return { sides, distributions }
}
