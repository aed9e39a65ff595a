// The only place where text becomes SQL. A query is built with the `sql` tag, which takes
// nothing but fragments made here, so an unescaped string does not type-check.

declare const brand: unique symbol
export interface Sql {
  readonly text: string
  readonly [brand]: true
}

const fragment = (text: string): Sql => ({ text }) as Sql

export function sql(parts: TemplateStringsArray, ...values: readonly Sql[]): Sql {
  let text = parts[0] ?? ''
  values.forEach((value, index) => {
    text += value.text + (parts[index + 1] ?? '')
  })
  return fragment(text)
}

export const empty = fragment('')

export function text(value: string): Sql {
  return fragment(`'${value.replaceAll('\0', '').replaceAll("'", "''")}'`)
}

export function integer(value: number | bigint): Sql {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new RangeError(`not an integer: ${value}`)
  return fragment(value.toString())
}

export function decimal(value: number): Sql {
  if (!Number.isFinite(value)) throw new RangeError(`not a finite number: ${value}`)
  return fragment(String(value))
}

export function identifier(name: string): Sql {
  return fragment(`"${name.replaceAll('\0', '').replaceAll('"', '""')}"`)
}

export type AttributeColumn = 'attributes' | 'resource_attributes' | 'scope_attributes'

export function attribute(column: AttributeColumn, key: string): Sql {
  return sql`${fragment(column)}[${text(key)}]`
}

// A pattern for LIKE that matches the value literally, anywhere in the text.
export function containing(value: string): Sql {
  return text(`%${value.replace(/[\\%_]/g, '\\$&')}%`)
}

export function timestamp(nanoseconds: bigint): Sql {
  return sql`TIMESTAMP ${text(toIso(nanoseconds))}`
}

function toIso(nanoseconds: bigint): string {
  const seconds = nanoseconds / 1_000_000_000n
  const fraction = (nanoseconds % 1_000_000_000n).toString().padStart(9, '0')
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction}Z`
}

export function join(fragments: readonly Sql[], separator: ' AND ' | ' OR ' | ', ' | ' '): Sql {
  return fragment(fragments.map((part) => part.text).join(separator))
}

export function all(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? sql`TRUE` : join(conditions, ' AND ')
}
