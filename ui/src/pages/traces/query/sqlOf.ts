// Comparisons of TraceQL as conditions of SQL, where these can say them of one span. They may differ where
// a key has values of several types or arrays; who uses them counts both ways first.
import { attribute, decimal, identifier, integer, sql, text, type Sql } from '../../../sql/escape'
import { ComparisonReader, isNil, type Comparison, type Constant, type Field } from './comparison'
import { tokensOf } from './tokens'

const columns: Record<string, string> = {
  name: 'name', kind: 'kind', status: 'status_code', statusMessage: 'status_message', duration: 'duration_ns', 'trace:id': 'trace_id',
  'span:id': 'span_id', 'span:parentID': 'parent_span_id', 'instrumentation:name': 'scope_name', 'instrumentation:version': 'scope_version',
}

function expressionOf(field: Field): Sql | null {
  if ('intrinsic' in field) {
    const column = columns[field.intrinsic]
    return column ? identifier(column) : null
  }
  const { parent, scope, key } = field
  if (parent) return null
  if (scope === 'resource') return key === 'service.name' ? identifier('service_name') : attribute('resource_attributes', key)
  if (scope === 'instrumentation') return attribute('scope_attributes', key)
  if (scope === 'span') return attribute('attributes', key)
  const own = attribute('attributes', key)
  return scope === '' ? sql`coalesce(CAST(${own} AS VARCHAR), CAST(${attribute('resource_attributes', key)} AS VARCHAR))` : null
}

const signs: Record<string, Sql> = { '=': sql`=`, '!=': sql`<>`, '>': sql`>`, '>=': sql`>=`, '<': sql`<`, '<=': sql`<=`, '=~': sql`~`, '!~': sql`!~` }

function constantOf(value: Constant): Sql | null {
  if (value.kind === 'duration') return Number.isSafeInteger(value.ns) ? integer(value.ns) : null
  const number = Number(value.text)
  if (value.kind === 'number') return Number.isFinite(number) ? decimal(number) : null
  return null
}

// Null where one span alone does not tell.
function conditionOf(comparison: Comparison): Sql | null {
  const { field, op, value, orMissing } = comparison
  const intrinsic = 'intrinsic' in field ? field.intrinsic : ''
  if (intrinsic === 'nestedSetParent' && op === '=' && value.kind === 'number' && value.text === '-1') return sql`parent_span_id IS NULL`
  const left = expressionOf(field)
  const sign = signs[op]
  if (!left || !sign) return null
  const plain = isNil(value) ? ofNil(left, op) : ofValue(left, sign, comparison, intrinsic)
  return plain && orMissing ? sql`(${left} IS NULL OR ${plain})` : plain
}

const ofNil = (left: Sql, op: string): Sql | null => (op === '=' ? sql`${left} IS NULL` : op === '!=' ? sql`${left} IS NOT NULL` : null)

function ofValue(left: Sql, sign: Sql, { op, value }: Comparison, intrinsic: string): Sql | null {
  if (op === '=~' || op === '!~') return value.kind === 'string' ? sql`CAST(${left} AS VARCHAR) ${sign} ${text(`^(?:${value.text})$`)}` : null
  if (value.kind === 'string') return sql`${left} ${sign} ${text(value.text)}`
  if (value.kind === 'word') {
    const upper = intrinsic === 'status' || intrinsic === 'kind'
    return sql`CAST(${left} AS VARCHAR) ${sign} ${text(upper ? value.text.toUpperCase() : value.text)}`
  }
  const right = constantOf(value)
  if (!right) return null
  return intrinsic === 'duration' ? sql`${left} ${sign} ${right}` : sql`TRY_CAST(${left} AS DOUBLE) ${sign} ${right}`
}

// What stands in the braces of a query that asks of single spans; null where SQL cannot say it.
export function conditionOfQuery(query: string): Sql | null {
  const tokens = tokensOf(query)
  if (!tokens) return null
  const reader = new ConditionReader(tokens)
  const found = reader.braces()
  return found && reader.ended() ? found : null
}

class ConditionReader extends ComparisonReader {
  braces(): Sql | null {
    if (!this.take('{')) return null
    if (this.take('}')) return sql`TRUE`
    const found = this.chain()
    return found && this.take('}') ? found : null
  }

  // `&&` and `||` bind alike, and group to the left.
  private chain(): Sql | null {
    let left = this.part()
    while (left) {
      const [and, or] = [this.take('&&'), this.take('||')]
      if (!and && !or) return left
      const right = this.part()
      if (!right) return null
      left = and ? sql`(${left} AND ${right})` : sql`(${left} OR ${right})`
    }
    return null
  }

  private part(): Sql | null {
    // Without brackets, `!` binds tighter than the comparison behind it.
    if (this.take('!')) {
      const inner = this.take('(') ? this.chain() : null
      return inner && this.take(')') ? sql`NOT coalesce(${inner}, FALSE)` : null
    }
    if (this.take('(')) {
      const inner = this.chain()
      return inner && this.take(')') ? inner : null
    }
    const comparison = this.comparison()
    return comparison && conditionOf(comparison)
  }
}
