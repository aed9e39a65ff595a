import type { Row } from '../../api/client'

export interface Deploy {
  time: number // epoch seconds of the slice in which the version appeared
  version: string
  before: string
}

// A version that was absent from the slices before is a deploy, a return to an older one too. A
// canary with little traffic leaves gaps, so a few slices without it are no absence.
const memory = 5

export function deploys(rows: readonly Row[]): Deploy[] {
  const slices = new Map<number, Row[]>()
  for (const row of rows) {
    const second = Number(row['second'])
    slices.set(second, [...(slices.get(second) ?? []), row])
  }
  const recent: { versions: Set<string>; main: string }[] = []
  const found: Deploy[] = []
  for (const [time, slice] of [...slices].sort(([left], [right]) => left - right)) {
    const ranked = [...slice].sort((left, right) => Number(right['spans']) - Number(left['spans']))
    const versions = new Set(ranked.map((row) => String(row['version'])))
    const before = recent.at(-1)
    for (const version of versions) {
      if (before && !recent.some((known) => known.versions.has(version))) found.push({ time, version, before: before.main })
    }
    recent.push({ versions, main: String(ranked[0]?.['version']) })
    if (recent.length > memory) recent.shift()
  }
  return found
}
