const unitNanoseconds: Record<string, number> = {
  ns: 1,
  us: 1e3,
  'µs': 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  min: 60e9,
  h: 3600e9,
  d: 86_400e9,
  w: 604_800e9,
}

// "1.5s", "200ms", "1h"; a bare number counts milliseconds. Null when it is not a duration.
export function parseDuration(written: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-zµ]*)\s*$/i.exec(written)
  if (!match) return null
  const unit = unitNanoseconds[match[2] === '' ? 'ms' : (match[2] ?? '').toLowerCase()]
  return unit === undefined ? null : Number(match[1]) * unit
}

const steps: readonly [number, string][] = [
  [3600e9, 'h'],
  [60e9, 'min'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
]

export function formatDuration(nanoseconds: number, locale = 'en'): string {
  if (!Number.isFinite(nanoseconds)) return '–'
  const size = Math.abs(nanoseconds)
  for (const [unit, label] of steps) {
    if (size < unit) continue
    return `${threeDigits(nanoseconds / unit, locale)} ${label}`
  }
  return `${threeDigits(nanoseconds, locale)} ns`
}

function threeDigits(value: number, locale: string): string {
  const size = Math.abs(value)
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2
  return numberFormat(locale, digits).format(value)
}

const numberFormats = new Map<string, Intl.NumberFormat>()

// Making a format costs a hundred times more than using it, and lists write thousands of durations.
function numberFormat(locale: string, digits: number): Intl.NumberFormat {
  const key = `${locale} ${digits}`
  const known = numberFormats.get(key) ?? new Intl.NumberFormat(locale, { maximumFractionDigits: digits })
  numberFormats.set(key, known)
  return known
}
