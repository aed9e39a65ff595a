import type { Filter } from '../../../sql/filter'
import { parseSearch } from '../search/parse'

// The server narrows by a service, errors and one text; what else is asked for is looked at here.
export function tailPath(search: string, filters: readonly Filter[]): string {
  const params = new URLSearchParams({ signal: 'logs' })
  const service = filters.find((filter) => filter.key === 'service' && filter.op === '=' && filter.value !== '')
  if (service) params.set('service', service.value)
  if (filters.some(({ key, op, value }) => key === 'severity' && ((['=', '>='].includes(op) && ['ERROR', 'FATAL'].includes(value)) || (op === '>' && value === 'ERROR')))) params.set('errors', 'true')
  const word = parseSearch(search).find((term) => term.kind === 'text' && !term.not)
  if (word?.kind === 'text') params.set('q', word.text)
  return `api/tail?${params}`
}
