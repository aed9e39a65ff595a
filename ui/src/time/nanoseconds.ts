// Times travel as RFC 3339 text with nine digits; a JS Date would lose six of them.

const secondsCache = new Map<string, bigint>()

function wholeSeconds(prefix: string): bigint {
  const known = secondsCache.get(prefix)
  if (known !== undefined) return known
  const milliseconds = Date.parse(`${prefix}Z`)
  if (Number.isNaN(milliseconds)) throw new RangeError(`not a time: ${prefix}`)
  const seconds = BigInt(milliseconds / 1000)
  if (secondsCache.size > 5000) secondsCache.clear()
  secondsCache.set(prefix, seconds)
  return seconds
}

export function parseTime(written: string): bigint {
  const seconds = wholeSeconds(written.slice(0, 19))
  const fraction = written.charAt(19) === '.' ? written.slice(20, written.endsWith('Z') ? -1 : undefined) : ''
  return seconds * 1_000_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9))
}

export function writeTime(nanoseconds: bigint): string {
  const seconds = nanoseconds / 1_000_000_000n
  const fraction = (nanoseconds % 1_000_000_000n).toString().padStart(9, '0')
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction}Z`
}

export const fromMilliseconds = (milliseconds: number): bigint => BigInt(Math.round(milliseconds)) * 1_000_000n
export const toMilliseconds = (nanoseconds: bigint): number => Number(nanoseconds / 1000n) / 1000

// Offsets from the earliest start, exact as numbers for traces shorter than 104 days.
export function offsetsFrom(times: readonly string[]): { origin: bigint; offsets: Float64Array } {
  const absolute = times.map(parseTime)
  let origin = absolute[0] ?? 0n
  for (const time of absolute) if (time < origin) origin = time
  return { origin, offsets: Float64Array.from(absolute, (time) => Number(time - origin)) }
}
