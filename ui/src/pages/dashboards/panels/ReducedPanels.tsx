// One number per series: large, as an arc, or as a bar.
import { useMemo } from 'preact/hooks'
import { t } from '../../../i18n/translate'
import type { Panel } from '../model/document'
import type { BodyProps } from './ChartPanel'
import { cssColour } from './shown'
import { bestAcross, endsOf, readings, share, type Reading } from './values'

function useReadings({ panel, data }: BodyProps): Reading[] {
  return useMemo(() => readings(panel, data), [panel, data])
}

export function StatPanel(props: BodyProps) {
  const all = useReadings(props)
  const { panel, width, height } = props
  const across = bestAcross(all.length, width, height, 2.4)
  const named = panel.show === 'name' || panel.show === 'both' || (panel.show !== 'value' && all.length > 1)
  return (
    <ul class="dash-stats num" style={{ '--across': across }}>
      {all.map((one) => (
        <li key={one.key} class={panel.colour === 'background' && one.colour ? 'filled' : ''} style={{ '--c': one.colour && panel.colour !== 'none' ? one.colour : 'var(--text)' }}>
          {named && <span class="dash-stat-name cut" title={one.label}>{one.label}</span>}
          {panel.show !== 'name' && <strong>{one.text}</strong>}
          {panel.sparkline && one.values.length > 1 && <Trend values={one.values} />}
        </li>
      ))}
    </ul>
  )
}

// From the first value to the last: what came before there was anything takes no room.
function Trend({ values }: { values: readonly (number | null)[] }) {
  const known = values.flatMap((value, at) => (value === null ? [] : [{ value, at }]))
  const [first, last] = [known[0], known.at(-1)]
  if (!first || !last || first === last) return null
  const low = Math.min(...known.map(({ value }) => value))
  const high = Math.max(...known.map(({ value }) => value))
  const points = known.map(({ value, at }) => `${(((at - first.at) / (last.at - first.at)) * 100).toFixed(1)},${(28 - ((value - low) / (high - low || 1)) * 26).toFixed(1)}`)
  return (
    <svg class="dash-trend" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">
      <polyline points={points.join(' ')} fill="none" stroke="var(--c)" stroke-width="1.4" vector-effect="non-scaling-stroke" />
    </svg>
  )
}

const radius = 40
const sweep = Math.PI * 1.5

function arc(from: number, to: number): string {
  const point = (part: number): string => {
    const angle = Math.PI * 0.75 + sweep * part
    return `${(50 + radius * Math.cos(angle)).toFixed(2)} ${(50 + radius * Math.sin(angle)).toFixed(2)}`
  }
  return `M ${point(from)} A ${radius} ${radius} 0 ${(to - from) * sweep > Math.PI ? 1 : 0} 1 ${point(to)}`
}

export function GaugePanel(props: BodyProps) {
  const all = useReadings(props)
  const { panel, width, height } = props
  const ends = endsOf(panel, all.map(({ value }) => value))
  return (
    <ul class="dash-gauges num" style={{ '--across': bestAcross(all.length, width, height, 1) }}>
      {all.map((one) => {
        const part = share(one.value, ends)
        return (
          <li key={one.key}>
            <svg viewBox="0 0 100 88" role="meter" aria-label={one.label} aria-valuenow={one.value ?? ends.min} aria-valuemin={ends.min} aria-valuemax={ends.max} aria-valuetext={one.text}>
              <path d={arc(0, 1)} fill="none" stroke="var(--raised)" stroke-width="9" stroke-linecap="round" />
              {part > 0 && <path d={arc(0, part)} fill="none" stroke={one.colour ?? 'var(--s0)'} stroke-width="9" stroke-linecap="round" />}
              {marksOf(panel, ends).map(({ part: at, colour }) => <path key={at} d={arc(Math.max(0, at - 0.004), Math.min(1, at + 0.004))} transform="translate(50 50) scale(1.17) translate(-50 -50)" fill="none" stroke={colour} stroke-width="3" />)}
              <text x="50" y="56" text-anchor="middle" font-size={Math.max(8, Math.min(17, 96 / Math.max(5, one.text.length)))} font-weight="650" fill="currentColor">{one.text}</text>
            </svg>
            {(all.length > 1 || panel.show === 'both') && <span class="cut quiet" title={one.label}>{one.label}</span>}
          </li>
        )
      })}
    </ul>
  )
}

function marksOf({ thresholds = [], thresholdsIn }: Panel, ends: { min: number; max: number }): { part: number; colour: string }[] {
  return thresholds.flatMap(({ from, colour }) => {
    if (from === null) return []
    const part = thresholdsIn === 'percent' ? from / 100 : (from - ends.min) / (ends.max - ends.min)
    return part > 0 && part < 1 ? [{ part, colour: cssColour(colour) }] : []
  })
}

export function BarGaugePanel(props: BodyProps) {
  const all = useReadings(props)
  const ends = endsOf(props.panel, all.map(({ value }) => value))
  return (
    <ul class="dash-bars num" tabIndex={0} aria-label={props.title || t('dash.values')}>
      {all.map((one) => (
        <li key={one.key} style={{ '--c': one.colour ?? 'var(--s0)' }}>
          <span class="cut" title={one.label}>{one.label}</span>
          <b>{one.text}</b>
          <i>
            <i style={{ width: `${(share(one.value, ends) * 100).toFixed(1)}%` }} />
          </i>
        </li>
      ))}
    </ul>
  )
}
