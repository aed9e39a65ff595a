import { useMemo } from 'preact/hooks'
import { t } from '../../../../i18n/translate'
import { language } from '../../../../settings/settings'
import { compact, count } from '../../../../time/format'
import { Nothing, Question, SamplingNote, Say } from '../Question'
import { useRequests, type RequestsLoaded } from '../requests/RequestsCard'
import { answerBusiest, average, strength, type Cell } from './answer'

export function BusiestCard() {
  const requests = useRequests()
  const { query, loaded, quarters } = requests
  return (
    <Question title="ask.busiest" query={query} of={loaded} height={230} empty="ask.requests.none">
      {() => (quarters.length === 0 ? <Nothing text="ask.requests.none" /> : <Heatmap of={requests} />)}
    </Question>
  )
}

// 1 January 2024 was a Monday.
const weekdayName = (weekday: number, style: 'long' | 'short'): string =>
  new Intl.DateTimeFormat(language.value, { weekday: style, timeZone: 'UTC' }).format(Date.UTC(2024, 0, 1 + weekday))

const hours = ({ hour }: Cell): string => `${String(hour).padStart(2, '0')}:00–${String((hour + 1) % 24).padStart(2, '0')}:00`

function Heatmap({ of: { quarters, now, zone, sampling } }: { of: RequestsLoaded }) {
  const { cells, busiest, most, days } = useMemo(() => answerBusiest(quarters, now, zone), [quarters, now, zone])
  if (!busiest) return <p class="quiet">{t('ask.requests.none')}</p>
  const parts = { weekday: weekdayName(busiest.weekday, 'long'), hours: hours(busiest), value: compact(Math.round(most)) }
  return (
    <>
      <Say text={t(days >= 7 ? 'ask.busiest.usual' : 'ask.busiest.soFar')} parts={parts} />
      <div class="scroll-x" tabIndex={0} role="region" aria-label={t('ask.busiest')}>
        <table class="heat num">
          <thead>
            <tr>
              <td />
              {Array.from({ length: 24 }, (_, hour) => (
                <th scope="col" key={hour} aria-label={`${hour}:00`}>{hour % 3 === 0 ? hour : ''}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: 7 }, (_, weekday) => (
              <tr key={weekday}>
                <th scope="row">{weekdayName(weekday, 'short')}</th>
                {cells.slice(weekday * 24, weekday * 24 + 24).map((cell) => <Square key={cell.hour} cell={cell} most={most} />)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="aside">{t('ask.busiest.note', { n: Math.max(1, Math.round(days)), zone })}</p>
      <SamplingNote sampling={sampling} />
    </>
  )
}

function Square({ cell, most }: { cell: Cell; most: number }) {
  const value = cell.times === 0 ? '–' : count(Math.round(average(cell)))
  return (
    <td class={`heat-${cell.times === 0 ? 'none' : strength(cell, most)}`} title={`${weekdayName(cell.weekday, 'long')} ${hours(cell)}: ${value}`}>
      <span class="visually-hidden">{value}</span>
    </td>
  )
}
