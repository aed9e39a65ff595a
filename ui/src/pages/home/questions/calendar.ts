// Calendar days and hours of a time zone. All times are epoch milliseconds.

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone, hourCycle: 'h23',
    year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
  })
  formats.set(zone, made)
  return made
}

// What a wall clock in the zone shows, as if it were UTC.
function wall(time: number, zone: string): number {
  const parts: Record<string, number> = {}
  for (const { type, value } of formatOf(zone).formatToParts(time)) parts[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((time % 1000) + 1000) % 1000)
}

// The moment at which the zone's wall clock shows this. Twice, because the first guess may lie beyond a clock change.
function momentOf(shown: number, zone: string): number {
  const guess = shown - (wall(shown, zone) - shown)
  return guess + (shown - wall(guess, zone))
}

const dayMs = 86_400_000

export function startOfDay(time: number, zone: string, daysBack = 0): number {
  const shown = wall(time, zone)
  return momentOf(shown - (((shown % dayMs) + dayMs) % dayMs) - daysBack * dayMs, zone)
}

// The same time of day, some days earlier.
export function daysBefore(time: number, zone: string, days: number): number {
  return momentOf(wall(time, zone) - days * dayMs, zone)
}

// Monday is 0.
export function weekdayAndHour(time: number, zone: string): { weekday: number; hour: number } {
  const shown = new Date(wall(time, zone))
  return { weekday: (shown.getUTCDay() + 6) % 7, hour: shown.getUTCHours() }
}
