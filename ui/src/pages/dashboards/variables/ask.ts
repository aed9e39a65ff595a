// Asks the server what a variable can be. Answers are kept for a while: many panels and visits ask the same.
import { runSql } from '../../../api/client'
import { labels, query, values } from '../../../promql/client'
import { writeLabels, rowsOf } from '../../../promql/series'
import type { Range } from '../../../time/range'
import { optionLimit } from './options'
import type { Question } from './question'

const kept = new Map<string, { at: number; answer: Promise<string[]> }>()
const keptMs = 60_000
const keptMost = 200

export function askVariable(question: Question, range: Range): Promise<string[]> {
  const minute = 60_000_000_000n
  const key = JSON.stringify([question, String(range.from / minute), String(range.to / minute)])
  const known = kept.get(key)
  if (known && Date.now() - known.at < keptMs) return known.answer
  const answer = ask(question, range)
  kept.set(key, { at: Date.now(), answer })
  answer.catch(() => kept.delete(key))
  for (const old of [...kept.keys()].slice(0, Math.max(0, kept.size - keptMost))) kept.delete(old)
  return answer
}

export const forgetAnswers = (): void => kept.clear()

const seconds = (nanoseconds: bigint): number => Number(nanoseconds / 1_000_000n) / 1000

async function ask(question: Question, range: Range): Promise<string[]> {
  const among = { start: seconds(range.from), end: seconds(range.to), limit: optionLimit }
  switch (question.kind) {
    case 'nothing':
      return []
    case 'labelNames':
      return (await labels({ ...among, ...(question.match ? { match: [question.match] } : {}) })).data
    case 'labelValues':
      return labelValues(question.label, question.match, among)
    case 'metrics': {
      const pattern = new RegExp(question.pattern)
      return (await values('__name__', among)).data.filter((name) => pattern.test(name))
    }
    case 'series':
      return (await seriesTexts(question.query, among.end)).map(({ whole }) => whole)
    case 'promql':
      return (await seriesTexts(question.query, among.end)).map(({ name }) => name)
    case 'sql': {
      const answer = await runSql(question.query, { limit: optionLimit })
      return answer.rows.flatMap(([first]) => (first === null || first === undefined ? [] : [String(first)]))
    }
  }
}

interface Among {
  start: number
  end: number
  limit: number
}

// A match that is an expression rather than a selector has its series asked for.
async function labelValues(label: string, match: string | undefined, among: Among): Promise<string[]> {
  const name = label.replace(/^"|"$/g, '')
  if (match === undefined) return (await values(name, among)).data
  if (/^[\w:]*\s*(\{[\s\S]*\})?$/.test(match)) return (await values(name, { ...among, match: [match] })).data
  const found = rowsOf((await query(match, among.end)).data).map((row) => row.labels)
  return [...new Set(found.flatMap((one) => one[name] ?? []))].sort()
}

async function seriesTexts(expression: string, time: number): Promise<{ whole: string; name: string }[]> {
  const answer = await query(expression, time)
  return rowsOf(answer.data).map(({ labels: own, value, text }) => {
    const name = writeLabels(own)
    const written = value ?? text ?? ''
    return { whole: `${name} ${written} ${Math.round(time * 1000)}`, name: Object.keys(own).length === 0 ? String(written) : name }
  })
}
