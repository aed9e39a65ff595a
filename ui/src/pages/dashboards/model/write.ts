// The file of a dashboard: fields always in one order, so that git shows what changed and nothing else.
import type { Dashboard } from './document'

const order = [
  'version', 'id', 'ref', 'kind', 'name', 'type', 'title', 'by', 'match', 'label', 'description', 'tags', 'time', 'from', 'to', 'refresh', 'sampleInterval', 'place',
  'x', 'y', 'w', 'h', 'language', 'query', 'legend', 'queries', 'text', 'verdict', 'notes', 'what', 'detail', 'links', 'variables', 'annotations', 'panels',
]
const rank = new Map(order.map((key, index) => [key, index]))

function sorted(value: unknown, path: string): unknown {
  if (Array.isArray(value)) return value.map((one) => sorted(one, path))
  if (typeof value !== 'object' || value === null) return value
  // What came from elsewhere, and names that people chose, stay as they are.
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  if (path === 'original' || path === 'rename') return Object.fromEntries(entries)
  const place = (key: string): number => (key === 'imported' ? order.length + 1 : (rank.get(key) ?? order.length))
  entries.sort(([left], [right]) => place(left) - place(right) || (left < right ? -1 : 1))
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one, path === 'original' ? path : key)]))
}

export const writeDashboard = (dashboard: Dashboard): string => `${JSON.stringify(sorted(dashboard, ''), null, 2)}\n`
