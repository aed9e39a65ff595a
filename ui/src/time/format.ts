import { computed } from '@preact/signals'
import { language, timeZone } from '../settings/settings'
import { formatDuration } from './duration'
import { toMilliseconds } from './nanoseconds'

const formats = computed(() => {
  const options = { timeZone: timeZone.value, hourCycle: 'h23' } as const
  const locale = language.value
  return {
    clock: new Intl.DateTimeFormat(locale, { ...options, hour: '2-digit', minute: '2-digit', second: '2-digit' }),
    minute: new Intl.DateTimeFormat(locale, { ...options, hour: '2-digit', minute: '2-digit' }),
    day: new Intl.DateTimeFormat(locale, { ...options, month: 'short', day: 'numeric' }),
    full: new Intl.DateTimeFormat(locale, { ...options, year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' }),
    number: new Intl.NumberFormat(locale),
    compact: new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 }),
    percent: new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }),
    relative: new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' }),
  }
})

export const clock = (milliseconds: number): string => formats.value.clock.format(milliseconds)
export const minute = (milliseconds: number): string => formats.value.minute.format(milliseconds)
export const day = (milliseconds: number): string => formats.value.day.format(milliseconds)
export const fullTime = (milliseconds: number): string => formats.value.full.format(milliseconds)
export const count = (value: number): string => formats.value.number.format(value)
export const percent = (ratio: number): string => (ratio > 0 && ratio < 0.001 ? `<${formats.value.percent.format(0.001)}` : formats.value.percent.format(ratio))
export const duration = (nanoseconds: number): string => formatDuration(nanoseconds, language.value)

export function compact(value: number): string {
  return Math.abs(value) < 10_000 ? formats.value.number.format(value) : formats.value.compact.format(value)
}

export function rate(perSecond: number): string {
  const digits = perSecond >= 100 ? 0 : perSecond >= 1 ? 1 : 2
  return new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(perSecond)
}

// How often, in the unit that leaves a number worth reading.
export function pace(amount: number, seconds: number): string {
  const perSecond = amount / seconds
  if (amount === 0 || perSecond >= 0.1) return `${rate(perSecond)}/s`
  return perSecond * 60 >= 0.1 ? `${rate(perSecond * 60)}/min` : `${rate(perSecond * 3600)}/h`
}

// Time of day with milliseconds, the day before it when it is not today.
export function stamp(nanoseconds: bigint): string {
  const milliseconds = toMilliseconds(nanoseconds)
  const fraction = String(Number((nanoseconds / 1_000_000n) % 1000n)).padStart(3, '0')
  const sameDay = day(milliseconds) === day(Date.now())
  return `${sameDay ? '' : `${day(milliseconds)} `}${clock(milliseconds)}.${fraction}`
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

export function bytes(value: number): string {
  let size = value
  let unit = 0
  while (Math.abs(size) >= 1000 && unit < byteUnits.length - 1) {
    size /= 1000
    unit += 1
  }
  const digits = unit === 0 || size >= 100 ? 0 : 1
  return `${new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(size)} ${byteUnits[unit]}`
}

export function ago(milliseconds: number, now: number): string {
  const seconds = Math.round((milliseconds - now) / 1000)
  const size = Math.abs(seconds)
  if (size < 60) return formats.value.relative.format(seconds, 'second')
  if (size < 3600) return formats.value.relative.format(Math.round(seconds / 60), 'minute')
  if (size < 86_400) return formats.value.relative.format(Math.round(seconds / 3600), 'hour')
  return formats.value.relative.format(Math.round(seconds / 86_400), 'day')
}
