// OpenTelemetry severity numbers, four to a band.
export interface SeverityBand {
  name: string
  low: number
  high: number
}

export const severityBands: readonly SeverityBand[] = [
  { name: 'FATAL', low: 21, high: 24 },
  { name: 'ERROR', low: 17, high: 20 },
  { name: 'WARN', low: 13, high: 16 },
  { name: 'INFO', low: 9, high: 12 },
  { name: 'DEBUG', low: 5, high: 8 },
  { name: 'TRACE', low: 1, high: 4 },
  { name: 'UNSET', low: 0, high: 0 },
]

export function severityBand(name: string): SeverityBand | undefined {
  const wanted = name.trim().toUpperCase()
  return severityBands.find((band) => band.name === wanted || (wanted === 'WARNING' && band.name === 'WARN'))
}

export function bandOf(severityNumber: number | null): SeverityBand {
  const number = severityNumber ?? 0
  return severityBands.find((band) => number >= band.low && number <= band.high) ?? (severityBands[6] as SeverityBand)
}
