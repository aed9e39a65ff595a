import { describe, expect, it } from 'vitest'
import { perSecond, unitOfMetric, writeValue } from './unitText'

const format = (value: number | null, unit: string, decimals?: number) => writeValue('en', value, unit, decimals)

describe('values with units', () => {
  const cases: [value: number | null, unit: string, written: string][] = [
    [null, 's', '–'], [NaN, 's', '–'], [Infinity, 's', '∞'],
    [0, 's', '0 s'], [0.0153, 's', '15.3 ms'], [1.5, 's', '1.5 s'], [90, 's', '1.5 min'], [7200, 's', '2 h'], [172_800, 's', '2 d'], [0.00000012, 's', '120 ns'],
    [1500, 'ms', '1.5 s'], [250, 'µs', '250 µs'], [1_500_000, 'ns', '1.5 ms'], [0.99999, 's', '1 s'],
    [0, 'By', '0 B'], [1536, 'bytes', '1.5 KiB'], [1500, 'decbytes', '1.5 kB'], [2_500_000, 'By', '2.5 MB'], [2_500_000, 'By/s', '2.5 MB/s'],
    [0.256, 'percentunit', '25.6%'], [25.6, 'percent', '25.6%'], [120_000, 'percent', '120,000%'],
    [1234, 'short', '1,234'], [12_345, 'short', '12.35k'], [5_000_000, 'short', '5M'], [-12_000, 'short', '-12k'], [0.000000123, 'short', '1.23E-7'],
    [3.14159, 'none', '3.14'], [1_234_567, 'none', '1,234,567'], [0, 'short', '0'],
    [12.5, 'reqps', '12.5 req/s'], [12.5, '{request}', '12.5'], [12.5, '{request}/s', '12.5/s'], [3, '1/s', '3/s'],
    [21.5, 'Cel', '21.5°C'], [7, 'suffix:eggs', '7 eggs'], [9, 'currencyUSD', '$9'], [1, 'bool_yes_no', 'yes'], [4, 'gallons', '4 gallons'],
  ]
  for (const [value, unit, written] of cases) it(`${value} ${unit}`, () => expect(format(value, unit)).toBe(written))
  it('takes decimals as told', () => expect(format(1.5, 's', 3)).toBe('1.500 s'))
})

describe('units of metrics', () => {
  const cases: [name: string, unit: string, type: string, found: string][] = [
    ['http_server_request_duration_seconds', 's', 'histogram', 's'], ['cpu_utilization_ratio', '1', 'gauge', 'percentunit'], ['pool_size', '1', 'gauge', 'short'],
    ['x_bytes_total', '', 'counter', 'By'], ['traces_spanmetrics_latency', '', 'histogram', 's'], ['jobs', '{job}', 'gauge', '{job}'], ['x', 'connections', 'gauge', '{connections}'], ['x', 'bytes', 'gauge', 'bytes'], ['things', '', 'gauge', 'short'],
  ]
  for (const [name, unit, type, found] of cases) it(name, () => expect(unitOfMetric(name, unit, type)).toBe(found))
  it('of rates', () => expect(['s', 'By', '{request}', '1'].map(perSecond)).toEqual(['percentunit', 'By/s', 'reqps', '1/s']))
})
