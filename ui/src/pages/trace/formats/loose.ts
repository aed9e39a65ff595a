// Reading JSON that strangers wrote: every access yields the wanted type or its empty value.
export type Loose = Record<string, unknown>

export const asObject = (value: unknown): Loose => (value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Loose) : {})
export const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
export const asText = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '')

// An integer written as a number or as text; others count as zero.
export function asBigint(value: unknown): bigint {
  if (typeof value === 'number' && Number.isFinite(value)) return BigInt(Math.round(value))
  return typeof value === 'string' && /^-?\d{1,30}$/.test(value) ? BigInt(value) : 0n
}

const hex = /^[0-9a-f]*$/i

// Ids as lower-case hex. Protobuf's JSON writes them in base64, which for these lengths never is hex.
export function asId(value: unknown, bytes: 8 | 16): string {
  const written = asText(value)
  if (hex.test(written)) return /^0*$/.test(written) ? '' : written.toLowerCase().padStart(bytes * 2, '0')
  try {
    const decoded = atob(written)
    if (decoded.length === bytes) return Array.from(decoded, (char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('')
  } catch {
    // Neither hex nor base64: the text itself still tells spans apart.
  }
  return written
}
