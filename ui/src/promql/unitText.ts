// Values with their units, under the names of OpenTelemetry (`s`, `By`, `{request}`) and of Grafana
// (`ms`, `decbytes`, `percentunit`, `reqps`, …).

type Ladder = readonly (readonly [factor: number, name: string])[]

const ladder = (base: number, names: readonly string[]): Ladder => names.map((name, index) => [base ** index, name])

const seconds: Ladder = [[1e-9, 'ns'], [1e-6, 'µs'], [1e-3, 'ms'], [1, 's'], [60, 'min'], [3600, 'h'], [86_400, 'd']]
const si = ladder(1000, ['', 'k', 'M', 'G', 'T', 'P', 'E'])
const named = (of: Ladder, suffix: string): Ladder => of.map(([factor, name]) => [factor, name + suffix])
const iec = (suffix: string): Ladder => ladder(1024, ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi']).map(([factor, name]) => [factor, name + suffix])

interface Unit {
  ladder?: Ladder
  factor?: number // of one in the ladder's own unit
  suffix?: string
  prefix?: string
  plain?: boolean // digits as they are, never k or M
}

const time = (factor: number): Unit => ({ ladder: seconds, factor })
const bytes = (of: Ladder, factor = 1): Unit => ({ ladder: of, factor })
const rate = (suffix: string): Unit => ({ suffix })

const decimalBytes = named(si, 'B')
const binaryBytes = iec('B')

const units: Record<string, Unit> = {
  none: { plain: true }, short: {}, '': {}, '1': {}, locale: { plain: true },
  percent: { suffix: '%', plain: true }, '%': { suffix: '%', plain: true }, percentunit: { factor: 100, suffix: '%', plain: true },
  ns: time(1e-9), us: time(1e-6), 'µs': time(1e-6), ms: time(1e-3), s: time(1), m: time(60), min: time(60), h: time(3600), d: time(86_400), w: time(604_800),
  clocks: time(1), clockms: time(1e-3), dtdurations: time(1), dtdurationms: time(1e-3), dthms: time(1),
  bytes: bytes(binaryBytes), kbytes: bytes(binaryBytes, 1024), mbytes: bytes(binaryBytes, 1024 ** 2), gbytes: bytes(binaryBytes, 1024 ** 3),
  decbytes: bytes(decimalBytes), deckbytes: bytes(decimalBytes, 1e3), decmbytes: bytes(decimalBytes, 1e6), decgbytes: bytes(decimalBytes, 1e9),
  By: bytes(decimalBytes), kBy: bytes(decimalBytes, 1e3), MBy: bytes(decimalBytes, 1e6), GBy: bytes(decimalBytes, 1e9),
  KiBy: bytes(binaryBytes, 1024), MiBy: bytes(binaryBytes, 1024 ** 2), GiBy: bytes(binaryBytes, 1024 ** 3),
  bits: bytes(iec('b')), decbits: bytes(named(si, 'b')), bit: bytes(named(si, 'b')),
  Bps: bytes(named(si, 'B/s')), binBps: bytes(iec('B/s')), KBs: bytes(named(si, 'B/s'), 1e3), MBs: bytes(named(si, 'B/s'), 1e6), bps: bytes(named(si, 'b/s')), binbps: bytes(iec('b/s')),
  'By/s': bytes(named(si, 'B/s')), 'bit/s': bytes(named(si, 'b/s')),
  reqps: rate('req/s'), rps: rate('rd/s'), wps: rate('wr/s'), ops: rate('ops/s'), iops: rate('io/s'), cps: rate('c/s'), pps: rate('p/s'), mps: rate('msg/s'), '1/s': rate('/s'), eps: rate('/s'),
  reqpm: rate('req/min'), opm: rate('ops/min'), rpm: rate('rd/min'), cpm: rate('c/min'), epm: rate('/min'),
  hertz: { ladder: named(si, 'Hz') }, Hz: { ladder: named(si, 'Hz') }, celsius: { suffix: '°C', plain: true }, Cel: { suffix: '°C', plain: true }, fahrenheit: { suffix: '°F', plain: true },
  volt: { suffix: 'V' }, V: { suffix: 'V' }, amp: { suffix: 'A' }, A: { suffix: 'A' }, watt: { ladder: named(si, 'W') }, W: { ladder: named(si, 'W') }, joule: { ladder: named(si, 'J') }, J: { ladder: named(si, 'J') },
  currencyUSD: { prefix: '$' }, currencyEUR: { prefix: '€' }, currencyGBP: { prefix: '£' }, currencyBRL: { prefix: 'R$ ' }, USD: { prefix: '$' },
  humidity: { suffix: '%H', plain: true }, cores: { suffix: '', plain: true },
}

// What a picker of units offers.
export const unitIds: readonly string[] = ['short', 'none', 'percent', 'percentunit', 'ns', 'µs', 'ms', 's', 'm', 'h', 'd', 'bytes', 'decbytes', 'bits', 'decbits', 'Bps', 'binBps', 'bps', 'reqps', 'rps', 'wps', 'ops', 'iops', 'cps', 'reqpm', 'opm', 'hertz', 'celsius', 'volt', 'amp', 'watt', 'joule', 'currencyUSD', 'currencyEUR', 'currencyBRL', 'dateTimeAsIso', 'bool', 'bool_yes_no', 'bool_on_off']

export function writeValue(locale: string, value: number | null | undefined, unit = 'short', decimals?: number): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '-∞'
  return special(locale, value, unit) ?? writeIn(locale, value, unitOf(unit), decimals)
}

function unitOf(unit: string): Unit {
  const known = units[unit]
  if (known) return known
  const affix = /^(suffix|prefix|si|si: ?|time):(.*)$/.exec(unit)
  if (affix?.[1] === 'suffix') return { suffix: affix[2] ?? '' }
  if (affix?.[1] === 'prefix') return { prefix: affix[2] ?? '' }
  if (affix?.[1] === 'si') return { ladder: named(si, affix[2] ?? '') }
  // `{request}` says what is counted, and `{request}/s` how often.
  const counted = /^\{([^}]*)\}(\/s)?$/.exec(unit)
  return counted ? { suffix: counted[2] ?? '' } : { suffix: unit }
}

function special(locale: string, value: number, unit: string): string | null {
  const words: Record<string, [no: string, yes: string]> = { bool: ['false', 'true'], bool_yes_no: ['no', 'yes'], bool_on_off: ['off', 'on'] }
  const pair = words[unit]
  if (pair) return pair[value === 0 ? 0 : 1]
  if (unit === 'dateTimeAsIso' || unit === 'dateTimeAsIsoNoDateIfToday') return new Date(value).toISOString().slice(0, 19).replace('T', ' ')
  if (unit === 'dateTimeAsLocal' || unit === 'dateTimeFromNow') return new Date(value).toLocaleString(locale)
  return null
}

function writeIn(locale: string, value: number, { ladder: rungs, factor = 1, suffix = '', prefix = '', plain = false }: Unit, decimals?: number): string {
  const scaled = value * factor
  const steps = rungs ?? (plain ? null : si)
  if (!steps || (!rungs && Math.abs(scaled) < 10_000)) return join(prefix, digits(locale, scaled, decimals), suffix)
  const size = Math.abs(scaled)
  const rung = size === 0 ? (steps.find(([one]) => one === 1) ?? steps[0]) : (steps.filter(([one]) => size >= one * 0.99995).at(-1) ?? steps[0])
  const [one, name] = rung ?? [1, '']
  const number = digits(locale, scaled / one, decimals)
  // k and M of bare numbers stand close to them.
  return rungs ? join(prefix, number, name) : join(prefix, number + name, suffix)
}

const closeTo = /^[%°]/

const join = (prefix: string, number: string, suffix: string): string => `${prefix}${number}${suffix === '' ? '' : closeTo.test(suffix) || suffix.startsWith('/') ? suffix : ` ${suffix}`}`

const formats = new Map<string, Intl.NumberFormat>()

function intl(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${locale}${JSON.stringify(options)}`
  const known = formats.get(key) ?? new Intl.NumberFormat(locale, options)
  formats.set(key, known)
  return known
}

function digits(locale: string, value: number, decimals?: number): string {
  if (decimals !== undefined) return intl(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(value)
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-5 || size >= 1e15)) return intl(locale, { notation: 'scientific', maximumFractionDigits: 2 }).format(value)
  if (size < 1) return intl(locale, { maximumSignificantDigits: 3 }).format(value)
  return intl(locale, { maximumFractionDigits: size >= 1000 ? 0 : size >= 100 ? 1 : 2 }).format(value)
}

// The unit of what `rate` makes of a counter.
export function perSecond(unit: string): string {
  if (unit === 's') return 'percentunit'
  if (unit === 'By' || unit === 'bytes' || unit === 'decbytes') return 'By/s'
  if (unit === 'bit') return 'bit/s'
  if (/^\{request/.test(unit)) return 'reqps'
  return '1/s'
}

const suffixes: readonly (readonly [pattern: RegExp, unit: string])[] = [
  [/_(?:seconds|latency)(?:_|$)/, 's'], [/_milliseconds(?:_|$)/, 'ms'], [/_microseconds(?:_|$)/, 'µs'], [/_nanoseconds(?:_|$)/, 'ns'],
  [/_bytes(?:_|$)/, 'By'], [/_ratio(?:_|$)/, 'percentunit'], [/_percent(?:_|$)/, 'percent'], [/_celsius(?:_|$)/, 'Cel'], [/_hertz(?:_|$)/, 'Hz'], [/_volts(?:_|$)/, 'V'],
]

// The unit of a metric: what its sender says, or what its name says.
export function unitOfMetric(name: string, unit: string, type: string): string {
  if (unit === '1' && type === 'gauge') return name.endsWith('_ratio') ? 'percentunit' : 'short'
  // A word says what is counted, as `connections`.
  if (/^[a-z]{5,}$/.test(unit) && !(unit in units)) return `{${unit}}`
  if (unit !== '') return unit
  return suffixes.find(([pattern]) => pattern.test(name))?.[1] ?? 'short'
}
