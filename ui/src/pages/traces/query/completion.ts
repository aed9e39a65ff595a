// What may be typed next in a TraceQL query.

export type Wanted =
  | { kind: 'field'; from: number; typed: string }
  | { kind: 'value'; from: number; typed: string; field: string; quoted: boolean }
  | { kind: 'stage'; from: number; typed: string }

interface Place {
  braces: number
  quote: number // where an open quote begins, or -1
}

// Quotes hide braces; a backslash hides a quote.
function placeIn(text: string): Place {
  let [braces, quote] = [0, -1]
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]
    if (quote >= 0) {
      if (char === '\\') at += 1
      else if (char === '"') quote = -1
    } else if (char === '"') quote = at
    else if (char === '{') braces += 1
    else if (char === '}') braces -= 1
  }
  return { braces, quote }
}

const field = /((?:[\p{L}_][\p{L}\p{N}_]*[.:])?(?:[^\s{}()=~!<>&|^,"]|"(?:[^"\\]|\\.)*")+)\s*(?:!=|=~|!~|>=|<=|=|>|<)\s*$/u
const word = /[^\s{}()=~!<>&|^,"]*$/

export function wantedAt(text: string, at: number): Wanted | null {
  const before = text.slice(0, at)
  const { braces, quote } = placeIn(before)
  if (quote >= 0) {
    const compared = field.exec(before.slice(0, quote))?.[1]
    return compared ? { kind: 'value', from: quote, typed: before.slice(quote + 1), field: compared, quoted: true } : null
  }
  const typed = word.exec(before)?.[0] ?? ''
  const from = at - typed.length
  if (braces <= 0) return /(?:\||\})\s*$/.test(before.slice(0, from)) ? { kind: 'stage', from, typed } : null
  const compared = field.exec(before.slice(0, from))?.[1]
  return compared ? { kind: 'value', from, typed, field: compared, quoted: false } : { kind: 'field', from, typed }
}

export interface Offer {
  label: string
  insert: string
  detail: string
}

export const stages: readonly Offer[] = [
  { label: 'count()', insert: '| count() > 1', detail: '' },
  { label: 'avg(duration)', insert: '| avg(duration) > 100ms', detail: '' },
  { label: 'max(duration)', insert: '| max(duration) > 1s', detail: '' },
  { label: 'by(resource.service.name)', insert: '| by(resource.service.name)', detail: '' },
  { label: 'select(…)', insert: '| select(span.http.route)', detail: '' },
  { label: '>> { }', insert: '>> { }', detail: '' },
  { label: '> { }', insert: '> { }', detail: '' },
  { label: '&& { }', insert: '&& { }', detail: '' },
]

// A stage is typed behind its bar, or with it.
export function stageOffers(before: string): Offer[] {
  const barred = /\|\s*$/.test(before)
  return stages.filter(({ insert }) => !barred || insert.startsWith('|')).map((offer) => (barred ? { ...offer, insert: offer.insert.replace(/^\|\s*/, '') } : offer))
}
