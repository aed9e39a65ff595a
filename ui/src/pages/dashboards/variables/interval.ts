// Steps and the windows that PromQL rates need, chosen as Grafana's authors of queries expect.
import { parseDuration } from '../../../time/duration'
import type { Range } from '../../../time/range'
import { defaultSampleInterval } from '../model/document'

const niceMs = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_200_000, 1_800_000,
  3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000, 604_800_000, 2_592_000_000, 31_536_000_000,
]

const units: readonly [string, number][] = [['w', 604_800_000], ['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1000], ['ms', 1]]

export function writeInterval(milliseconds: number): string {
  const whole = Math.max(1, Math.round(milliseconds))
  for (const [unit, size] of units) if (whole % size === 0) return `${whole / size}${unit}`
  return `${whole}ms`
}

// `1h30m` of Prometheus, `15s`, and `>15s` of Grafana's smallest steps. Null when it is none.
export function readInterval(written: string | undefined): number | null {
  const bare = (written ?? '').trim().replace(/^>=?/, '')
  if (bare === '') return null
  if (/^\d+(\.\d+)?$/.test(bare)) return Number(bare) * 1000
  const parts = [...bare.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwyM])/g)]
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== bare) return null
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * unitMs(unit ?? ''), 0)
}

function unitMs(unit: string): number {
  if (unit === 'y') return 31_536_000_000
  if (unit === 'M') return 2_592_000_000
  return (parseDuration(`1${unit}`) ?? 1e6) / 1e6
}

export function niceInterval(milliseconds: number, least = 1): number {
  const wanted = Math.max(milliseconds, least)
  return niceMs.find((step) => step >= wanted * 0.999) ?? Math.ceil(wanted / 86_400_000) * 86_400_000
}

export interface Steps {
  step: number // milliseconds
  rate: number
  range: number
}

interface StepsOf {
  range: Range
  points: number // the most that may be drawn
  least?: string | undefined
  samples?: string | undefined
}

// No step is smaller than the time between samples, and a rate looks back over four of them,
// so that one lost sample leaves no gap.
export function stepsOf({ range, points, least, samples }: StepsOf): Steps {
  const width = Number(range.to - range.from) / 1e6
  const sample = readInterval(samples ?? defaultSampleInterval) ?? 60_000
  const floor = Math.max(readInterval(least) ?? sample, 1)
  const step = niceInterval(width / Math.max(1, Math.min(points, 11_000)), floor)
  return { step, rate: Math.max(step + sample, 4 * sample), range: width }
}
