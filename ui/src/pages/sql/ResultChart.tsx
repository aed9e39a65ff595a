import { useMemo } from 'preact/hooks'
import type { SqlAnswer, SqlValue } from '../../api/types'
import { TimeChart, type Series } from '../../components/TimeChart'
import { t } from '../../i18n/translate'
import { compact } from '../../time/format'
import { parseTime, toMilliseconds } from '../../time/nanoseconds'

const isTime = (type: string): boolean => /^timestamp/i.test(type)
const isNumber = (type: string): boolean => /^(U?Int|Float|Decimal)/i.test(type)
const seriesLimit = 8

export function chartable({ columns, rows }: SqlAnswer): boolean {
  return rows.length > 1 && columns.some(({ type }) => isNumber(type))
}

// Time against numbers when the answer has a time column, otherwise bars by the first text column.
export function ResultChart({ answer }: { answer: SqlAnswer }) {
  const timeColumn = answer.columns.findIndex(({ type }) => isTime(type))
  return <div class="result-chart">{timeColumn >= 0 ? <OverTime answer={answer} timeColumn={timeColumn} /> : <Bars answer={answer} />}</div>
}

function numbers(answer: SqlAnswer): number[] {
  return answer.columns.flatMap(({ type }, index) => (isNumber(type) ? [index] : []))
}

const asNumber = (value: SqlValue | undefined): number | null => (value === null || value === undefined ? null : Number(value))

function OverTime({ answer, timeColumn }: { answer: SqlAnswer; timeColumn: number }) {
  const { times, series } = useMemo(() => overTime(answer, timeColumn), [answer, timeColumn])
  return (
    <>
      <TimeChart title={t('sql.chart')} times={times} series={series} height={260} />
      <ul class="legend chart-legend">
        {series.map(({ label }, index) => (
          <li key={label}>
            <i style={{ background: `var(--s${index % 10})` }} /> {label}
          </li>
        ))}
      </ul>
    </>
  )
}

function overTime(answer: SqlAnswer, timeColumn: number): { times: number[]; series: Series[] } {
  const group = answer.columns.findIndex(({ type }, index) => index !== timeColumn && !isNumber(type) && !isTime(type))
  const points = answer.rows
    .filter((row) => typeof row[timeColumn] === 'string')
    .map((row) => ({ time: toMilliseconds(parseTime(String(row[timeColumn]))) / 1000, row }))
    .sort((left, right) => left.time - right.time)
  const times = [...new Set(points.map(({ time }) => time))]
  const place = new Map(times.map((time, index) => [time, index]))
  const lines = new Map<string, (number | null)[]>()
  for (const { time, row } of points) {
    for (const index of numbers(answer)) {
      const name = answer.columns[index]?.name ?? ''
      const label = group < 0 ? name : `${String(row[group])}${numbers(answer).length > 1 ? ` ${name}` : ''}`
      const values = lines.get(label) ?? new Array<number | null>(times.length).fill(null)
      values[place.get(time) ?? 0] = asNumber(row[index])
      lines.set(label, values)
    }
  }
  const series = [...lines].slice(0, seriesLimit).map(([label, values], index): Series => ({ label, values, colour: (colours) => colours.services[index % 10] ?? colours.info }))
  return { times, series }
}

function Bars({ answer }: { answer: SqlAnswer }) {
  const label = Math.max(0, answer.columns.findIndex(({ type }) => !isNumber(type)))
  const value = numbers(answer)[0] ?? 0
  const rows = answer.rows.slice(0, 40)
  const most = Math.max(1e-12, ...rows.map((row) => Math.abs(asNumber(row[value]) ?? 0)))
  return (
    <table class="bar-chart num">
      <caption class="quiet">{t('sql.barsOf', { value: answer.columns[value]?.name ?? '', label: answer.columns[label]?.name ?? '', n: rows.length })}</caption>
      <tbody>
        {rows.map((row, index) => (
          <tr key={index}>
            <th scope="row" class="cut">{String(row[label] ?? 'null')}</th>
            <td>
              <i style={{ width: `${(Math.abs(asNumber(row[value]) ?? 0) / most) * 100}%` }} />
            </td>
            <td class="right">{compact(asNumber(row[value]) ?? 0)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
