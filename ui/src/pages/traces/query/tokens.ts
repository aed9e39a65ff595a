// TraceQL as a list of tokens, by the rules of the server's lexer.

export type Scope = '' | 'span' | 'resource' | 'event' | 'link' | 'instrumentation'

export type Token =
  | { kind: 'word'; text: string }
  | { kind: 'attribute'; parent: boolean; scope: Scope; key: string }
  | { kind: 'string'; text: string }
  | { kind: 'number'; text: string }
  | { kind: 'duration'; ns: number }
  | { kind: 'sign'; text: string }

const signs = ['&>>', '&<<', '!>>', '!<<', '&&', '||', '&>', '&<', '&~', '!>', '!<', '!~', '!=', '=~', '>=', '<=', '>>', '<<', ...'{}(),|=><~!+-*/%^:']
const units: Record<string, number> = { ns: 1, us: 1e3, 'µs': 1e3, 'μs': 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }
const scopes: readonly string[] = ['span', 'resource', 'event', 'link', 'instrumentation']
const keyPart = /[^\s{}()=~!<>&|^,"]+/y
const numberPart = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y

export const isPlainKey = (key: string): boolean => key !== '' && /^[^\s{}()=~!<>&|^,"]+$/.test(key)

// Null where the text holds something that is no token.
export function tokensOf(text: string): Token[] | null {
  const reader = new Reader(text)
  const tokens: Token[] = []
  while (!reader.ended()) {
    const token = reader.token()
    if (!token) return null
    tokens.push(token)
  }
  return tokens
}

class Reader {
  private at = 0
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  ended(): boolean {
    this.match(/\s+/y)
    return this.at >= this.text.length
  }

  token(): Token | null {
    const char = this.text[this.at] ?? ''
    if (char === '"') return this.string(this.quoted())
    if (char === '`') return this.string(this.raw())
    if (/\d/.test(char) || (char === '.' && /\d/.test(this.text[this.at + 1] ?? ''))) return this.number()
    if (char === '.') {
      this.at += 1
      return this.attribute(false, '')
    }
    if (/[\p{L}_]/u.test(char)) return this.word()
    const sign = signs.find((candidate) => this.text.startsWith(candidate, this.at))
    if (!sign) return null
    this.at += sign.length
    return { kind: 'sign', text: sign }
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0] ?? ''
    this.at += found.length
    return found
  }

  private string(text: string | null): Token | null {
    return text === null ? null : { kind: 'string', text }
  }

  // A backslash before anything else stays: what follows may be a class of a regular expression.
  private quoted(): string | null {
    const whole = this.match(/"(?:[^"\\]|\\[\s\S])*"/y)
    if (whole === '') return null
    const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', '"': '"', '\\': '\\' }
    return whole.slice(1, -1).replace(/\\([\s\S])/g, (pair, char: string) => escapes[char] ?? pair)
  }

  private raw(): string | null {
    const whole = this.match(/`[^`]*`/y)
    return whole === '' ? null : whole.slice(1, -1)
  }

  private word(): Token | null {
    const word = this.match(/[\p{L}\p{N}_]+/uy)
    const next = this.text[this.at]
    if (next === '.' && word === 'parent') {
      this.at += 1
      const inner = this.match(/(?:span|resource)\./y)
      return this.attribute(true, inner.slice(0, -1) as Scope)
    }
    if (next === '.' && scopes.includes(word)) {
      this.at += 1
      return this.attribute(false, word as Scope)
    }
    if (next === ':' && (word === 'trace' || scopes.includes(word))) {
      this.at += 1
      return { kind: 'word', text: `${word}:${this.match(/[\p{L}\p{N}_]*/uy)}` }
    }
    return { kind: 'word', text: word }
  }

  private attribute(parent: boolean, scope: Scope): Token | null {
    let key = ''
    for (;;) {
      if (this.text[this.at] === '"') {
        const part = this.quoted()
        if (part === null) return null
        key += part
      } else {
        const part = this.match(keyPart)
        if (part === '') break
        key += part
      }
    }
    return key === '' ? null : { kind: 'attribute', parent, scope, key }
  }

  private number(): Token | null {
    const digits = this.match(numberPart)
    if (!/\p{L}/u.test(this.text[this.at] ?? '')) return { kind: 'number', text: digits }
    let ns = 0
    let amount = digits
    do {
      const unit = this.match(/ns|us|µs|μs|ms|s|m|h/y)
      if (unit === '') return null
      ns += Number(amount) * (units[unit] ?? 0)
      amount = /\d/.test(this.text[this.at] ?? '') ? this.match(numberPart) : ''
    } while (amount !== '')
    return /[\p{L}\p{N}]/u.test(this.text[this.at] ?? '') ? null : { kind: 'duration', ns: Math.round(ns) }
  }
}
