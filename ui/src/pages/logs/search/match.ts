// The same terms and filters on records that are here already: those of the live tail.
import { appliesTo, type Filter } from '../../../sql/filter'
import { severityBand } from '../../../sql/severity'
import { fieldOf, type LogRecord } from '../record'
import type { Term } from './parse'

type Test = (record: LogRecord) => boolean

export function matcher(filters: readonly Filter[], terms: readonly Term[]): Test {
  const tests = [...filters.filter((filter) => appliesTo(filter, 'logs')).map(filterTest), ...terms.map(termTest)]
  return (record) => tests.every((test) => test(record))
}

// What the tail does not send, so that nothing can be said about it.
const unsent = /^(event_name$|scope$|scope_version$|scope:)/

export const unseen = (filters: readonly Filter[], terms: readonly Term[]): string[] =>
  [...filters.map(({ key }) => key), ...terms.flatMap((term) => (term.kind === 'field' ? term.filter.key : term.kind === 'like' ? term.key : []))].filter((key) => unsent.test(key))

function termTest(term: Term): Test {
  const found = positive(term)
  return term.not ? (record) => !found(record) : found
}

const holds = (text: string | null, part: string): boolean => text !== null && text.toLowerCase().includes(part.toLowerCase())

function positive(term: Term): Test {
  switch (term.kind) {
    case 'text':
      return (record) => holds(record.body, term.text)
    case 'id':
      return (record) => fieldOf(record, term.of) === term.id || holds(record.body, term.text)
    case 'field':
      return filterTest(term.filter)
    case 'like': {
      const pattern = new RegExp(`^${term.pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^]*')}$`, 'i')
      return (record) => pattern.test(fieldOf(record, term.key) ?? '\0')
    }
  }
}

function filterTest(filter: Filter): Test {
  if (unsent.test(filter.key)) return () => true
  if (filter.key === 'severity') return severityTest(filter)
  const { key, op, value } = filter
  return (record) => compare(fieldOf(record, key), op, value)
}

function compare(left: string | null, op: Filter['op'], value: string): boolean {
  switch (op) {
    case '=':
      return value === '' ? left === null || left === '' : left === value
    case '!=':
      return value === '' ? left !== null && left !== '' : left !== value
    case '~':
      return holds(left, value)
    case '!~':
      return !holds(left, value)
    case '?':
      return left !== null
    default:
      return left !== null && ordered(left, op, value)
  }
}

function ordered(left: string, op: '>' | '>=' | '<' | '<=', value: string): boolean {
  const wanted = value.trim() === '' ? Number.NaN : Number(value)
  const [one, other] = Number.isFinite(wanted) ? [Number(left), wanted] : [left, value]
  if (typeof one === 'number' && Number.isNaN(one)) return false
  switch (op) {
    case '>':
      return one > other
    case '>=':
      return one >= other
    case '<':
      return one < other
    default:
      return one <= other
  }
}

function severityTest({ op, value }: Filter): Test {
  const band = severityBand(value)
  if (!band) return () => false
  const { low, high } = band
  return ({ severity }) => {
    switch (op) {
      case '>=':
        return severity >= low
      case '>':
        return severity > high
      case '<=':
        return severity <= high
      case '<':
        return severity < low
      case '!=':
      case '!~':
        return severity < low || severity > high
      default:
        return severity >= low && severity <= high
    }
  }
}
