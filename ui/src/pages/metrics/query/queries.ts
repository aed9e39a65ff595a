// The queries of the page as its address has them: `q=` and `legend=` for each, `off=` names those that rest.

export interface Written {
  ref: string // A, B, C, …
  text: string
  legend: string // template, as `{{label}}`
  off: boolean
}

export const queriesMost = 10

export const refOf = (index: number): string => String.fromCharCode(65 + index)

export function readQueries(params: URLSearchParams): Written[] {
  const legends = params.getAll('legend')
  const off = new Set((params.get('off') ?? '').split(''))
  const texts = params.getAll('q').slice(0, queriesMost)
  return (texts.length === 0 ? [''] : texts).map((text, index) => ({ ref: refOf(index), text, legend: legends[index] ?? '', off: off.has(refOf(index)) }))
}

export function writeQueries(params: URLSearchParams, queries: readonly Omit<Written, 'ref'>[]): void {
  for (const name of ['q', 'legend', 'off']) params.delete(name)
  for (const { text } of queries) params.append('q', text)
  if (queries.some(({ legend }) => legend !== '')) for (const { legend } of queries) params.append('legend', legend)
  const off = queries.flatMap((query, index) => (query.off ? refOf(index) : [])).join('')
  if (off !== '') params.set('off', off)
}
