import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from './duration'
import { offsetsFrom, parseTime, writeTime } from './nanoseconds'
import { bucketSeconds, bucketStarts, parseRange, resolveRange, writeRange } from './range'

describe('durations', () => {
  const cases: [string, number | null][] = [['1h', 3600e9], ['1.5 s', 1.5e9], ['250', 250e6], ['7us', 7000], ['90m', 5400e9], ['', null], ['soon', null], ['5 parsecs', null]]
  for (const [written, nanoseconds] of cases) it(`"${written}"`, () => expect(parseDuration(written)).toBe(nanoseconds))
  it('formats with three digits', () => expect([0, 800, 1234, 56_780_000, 1.5e9, 7200e9].map((ns) => formatDuration(ns))).toEqual(['0 ns', '800 ns', '1.23 µs', '56.8 ms', '1.5 s', '2 h']))
})

describe('nanoseconds', () => {
  const time = '2026-11-21T04:38:08.029901984Z'
  it('loses nothing', () => expect(writeTime(parseTime(time))).toBe(time))
  it('takes short fractions', () => expect(parseTime('2026-11-21T04:38:08.5Z') - parseTime('2026-11-21T04:38:08Z')).toBe(500_000_000n))
  it('offsets below a microsecond', () => {
    const { offsets } = offsetsFrom(['2026-11-21T04:38:08.000000801Z', '2026-11-21T04:38:08.000000001Z', '2026-11-21T04:38:09Z'])
    expect([...offsets]).toEqual([800, 0, 999_999_999])
  })
  it('refuses nonsense', () => expect(() => parseTime('yesterday')).toThrow(RangeError))
})

describe('ranges', () => {
  it('survives the URL', () => {
    const params = new URLSearchParams()
    const spec = { kind: 'absolute' as const, from: 1_000_000_001n, to: 2_000_000_002n }
    writeRange(params, spec)
    expect(parseRange(params)).toEqual(spec)
  })
  it('falls back to the default', () => expect(parseRange(new URLSearchParams('from=x&to=y&range=soon'))).toEqual({ kind: 'relative', span: '1h' }))
  it('covers itself with buckets', () => {
    const range = resolveRange({ kind: 'relative', span: '1h' }, 1_700_000_000_000)
    const seconds = bucketSeconds(range)
    expect(seconds).toBe(60)
    expect(bucketStarts(range, seconds).length).toBe(61)
  })
})
