// The part of TraceQL that chips can show: one pair of braces around comparisons joined by `&&`.
import { ComparisonReader, isNil, sameField, writeComparison, type Comparison } from './comparison'
import { tokensOf } from './tokens'

// Null when the text is anything more than a conjunction, or no query at all.
export function readConjunction(text: string): Comparison[] | null {
  const tokens = tokensOf(text)
  if (!tokens) return null
  const reader = new Reader(tokens)
  const found = reader.braces()
  return found && reader.ended() ? found : null
}

class Reader extends ComparisonReader {
  braces(): Comparison[] | null {
    if (!this.take('{')) return null
    if (this.take('}')) return []
    const found = this.conjunction()
    return found && this.take('}') ? found : null
  }

  private conjunction(): Comparison[] | null {
    const all: Comparison[] = []
    do {
      const part = this.take('(') ? this.inBrackets() : this.one()
      if (!part) return null
      all.push(...part)
    } while (this.take('&&'))
    return all
  }

  private one(): Comparison[] | null {
    const found = this.comparison()
    return found && [found]
  }

  private inBrackets(): Comparison[] | null {
    const start = this.at
    const missing = this.orMissing()
    if (missing) return [missing]
    this.at = start
    const found = this.conjunction()
    return found && this.take(')') ? found : null
  }

  private orMissing(): Comparison | null {
    const first = this.comparison()
    if (!first || first.op !== '=' || !isNil(first.value) || !this.take('||')) return null
    const second = this.comparison()
    if (!second || !sameField(first.field, second.field) || isNil(second.value) || !this.take(')')) return null
    return { ...second, orMissing: true }
  }
}

export function writeConjunction(comparisons: readonly Comparison[]): string {
  return comparisons.length === 0 ? '{ }' : `{ ${comparisons.map(writeComparison).join(' && ')} }`
}
