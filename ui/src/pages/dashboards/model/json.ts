// Reads fields of JSON that somebody else wrote: what has the wrong type counts as absent.
export type Json = Record<string, unknown>

export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
export const object = (value: unknown): Json => (isObject(value) ? value : {})
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
export const objects = (value: unknown): Json[] => list(value).filter(isObject)
export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
export const filled = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
export const texts = (value: unknown): string[] => list(value).filter((one) => typeof one === 'string')
export const yes = (value: unknown): boolean => value === true

// Numbers are at times written as text; an empty one is none.
export function number(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const read = Number(value)
  return Number.isFinite(read) ? read : undefined
}

// Leaves out what is undefined, which exact optional properties do not take.
export function present<T extends object>(fields: { [Key in keyof T]?: T[Key] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>
}
