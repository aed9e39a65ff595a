// What completion offers, from what the server knows of the page's time. Each question is asked once.
import type { PromqlSource } from '../editor/PromqlEditor'
import type { Range } from '../time/range'
import { labels, metadata, values } from './client'
import { secondsOf } from './steps'
import { selector } from './text'

const namesMost = 10_000
const valuesMost = 2000

export function completionSource({ from, to }: Range): PromqlSource {
  const span = { start: secondsOf(from), end: secondsOf(to) }
  const known = new Map<string, Promise<unknown>>()
  const once = <T>(key: string, ask: () => Promise<T>): Promise<T> => {
    const asked = known.get(key) as Promise<T> | undefined
    if (asked) return asked
    const answer = ask()
    known.set(key, answer)
    answer.catch(() => known.delete(key))
    return answer
  }
  const of = (metric: string | undefined) => (metric ? { match: [selector(metric)] } : {})
  return {
    metricNames: () => once('names', async () => (await values('__name__', { ...span, limit: namesMost })).data),
    metricMetadata: () => once('metadata', async () => withParts((await metadata()).data)),
    labelNames: (metric) => once(`labels ${metric ?? ''}`, async () => (await labels({ ...span, ...of(metric) })).data.filter((name) => name !== '__name__')),
    labelValues: (label, metric) => once(`values ${label} ${metric ?? ''}`, async () => (await values(label, { ...span, ...of(metric), limit: valuesMost })).data),
  }
}

type Described = Record<string, { type: string; help: string }[]>

// What is said of a histogram holds for its parts too.
function withParts(known: Described): Described {
  const parts: Described = {}
  for (const [name, entries] of Object.entries(known)) {
    if (entries[0]?.type !== 'histogram' && entries[0]?.type !== 'summary') continue
    for (const suffix of ['_bucket', '_sum', '_count']) parts[name + suffix] = entries.map(({ help }) => ({ type: 'counter', help }))
  }
  return { ...parts, ...known }
}
