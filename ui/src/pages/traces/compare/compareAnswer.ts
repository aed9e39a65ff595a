// compare() of the metrics API: how it is asked, and its answer as distributions.
import { readValue, type KeyValue } from '../../../api/anyValue'
import type { SeriesAnswer } from '../../../api/tempo'
import { regionComparison, type Region } from '../plot/region'
import { keyOf } from '../query/chips'
import { quote } from '../query/comparison'
import { tokensOf } from '../query/tokens'
import { labelOf } from './queries'
import type { Distribution, Share } from './score'

const topValues = 50

export function compareQuery(query: string, region: Region): string {
  const times = region.kind === 'box' && (region.from !== null || region.to !== null)
  const bounds = times ? `, ${topValues}, ${region.from ?? 0}, ${region.to ?? 2n ** 63n - 1n}` : `, ${topValues}`
  const comparison = regionComparison(region)
  return `${query} | compare({ ${comparison === '' ? '' : `${comparison} `}}${bounds})`
}

// `span.http.route` and `name`, as filters name them.
function fieldOf(name: string): string {
  const [token] = tokensOf(name) ?? []
  if (token?.kind === 'attribute') return keyOf(token) ?? name
  return name === 'statusMessage' ? 'status_message' : name
}

const valueOf = (field: string, value: string): string => (field === 'status' || field === 'kind' ? value.toUpperCase() : value)

export function distributionsOfCompare({ series }: SeriesAnswer): Distribution[] {
  const found = new Map<string, Distribution & { counts: { inside: number; outside: number } }>()
  for (const { labels, value = 0 } of series) {
    const meta = labels.find(({ key }) => key === '__meta_type')
    const label = labels.find(({ key }) => key !== '__meta_type')
    if (!meta || !label) continue
    const type = readValue(meta.value)
    const side = type.startsWith('selection') ? 'inside' : 'outside'
    const field = fieldOf(label.key)
    const known = found.get(field) ?? { field, label: labelOf(field), values: [], inside: 0, outside: 0, distinct: null, counts: { inside: 0, outside: 0 } }
    found.set(field, known)
    if (type.endsWith('_total')) known[side] = value
    else {
      addTo(known.values, { value: valueOf(field, readValue(label.value)), inside: 0, outside: 0, example: null, counter: null, condition: conditionOf(label) }, side, value)
      known.counts[side] += 1
    }
  }
  return [...found.values()].map(({ counts, ...rest }) => ({ ...rest, distinct: counts.inside < topValues && counts.outside < topValues ? rest.values.length : null }))
}

const keywords: readonly string[] = ['status', 'kind']

function conditionOf({ key, value }: KeyValue): string {
  const written = value.stringValue === undefined || keywords.includes(key) ? readValue(value) : quote(value.stringValue)
  return `${key} = ${written}`
}

function addTo(values: Share[], share: Share, side: 'inside' | 'outside', spans: number): void {
  const known = values.find(({ condition }) => condition === share.condition)
  if (known) known[side] += spans
  else values.push({ ...share, [side]: spans })
}
