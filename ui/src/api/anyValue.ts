// Values of attributes, in the JSON of OTLP.
export interface AnyValue {
  stringValue?: string
  intValue?: string
  doubleValue?: number | string
  boolValue?: boolean
  arrayValue?: { values: AnyValue[] }
}

export interface KeyValue {
  key: string
  value: AnyValue
}

export function readValue(value: AnyValue): string {
  if (value.arrayValue) return `[${value.arrayValue.values.map(readValue).join(', ')}]`
  return String(value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue ?? '')
}
