import type { SqlValue } from '../api/types'
import { BigText } from './BigText'
import { Value } from './Value'
import './attributes.css'

export function showValue(value: SqlValue): string {
  if (value === null) return 'null'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

interface AttributesProps {
  of: Record<string, SqlValue> | null | undefined
  prefix?: string
  none?: string
}

// Keys and values of one attribute map, sorted; every value opens the value menu.
export function Attributes({ of: map, prefix = '', none }: AttributesProps) {
  const entries = Object.entries(map ?? {}).sort(([left], [right]) => left.localeCompare(right))
  if (entries.length === 0) return none ? <p class="quiet">{none}</p> : null
  return (
    <dl class="attributes">
      {entries.map(([key, value]) => (
        <Pair key={key} name={key} field={prefix + key} value={showValue(value)} />
      ))}
    </dl>
  )
}

export function Pair({ name, field, value }: { name: string; field: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="mono">
        {value.length > 400 ? <BigText text={value} /> : <Value field={field} value={value} />}
      </dd>
    </div>
  )
}
