// Names of series: a click shows one alone, a click with Ctrl or Shift takes one out or in.
import { useMemo, useState } from 'preact/hooks'
import { paint } from '../components/palette'
import { t } from '../i18n/translate'
import { colourOf } from './colour'
import type { GraphSeries } from './series'
import { format } from './units'

export interface Shown {
  hidden: ReadonlySet<string>
  choose: (id: string, several: boolean) => void
}

export function useShown(series: readonly GraphSeries[]): Shown {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const choose = (id: string, several: boolean) => {
    const others = series.filter((one) => one.id !== id).map((one) => one.id)
    if (several) {
      const next = new Set(hidden)
      if (!next.delete(id)) next.add(id)
      return setHidden(next)
    }
    const alone = !hidden.has(id) && others.length > 0 && others.every((other) => hidden.has(other))
    setHidden(alone ? new Set() : new Set(others))
  }
  return { hidden, choose }
}

interface LegendProps extends Shown {
  series: readonly GraphSeries[]
  as: 'list' | 'table'
  onBold: (id: string | null) => void
  unit: string | undefined
  decimals: number | undefined
  times: readonly number[]
}

interface Numbers {
  last: number | null
  min: number | null
  mean: number | null
  max: number | null
}

const figures = ['last', 'min', 'mean', 'max'] as const
// Left out where there is little room.
const extra = (figure: (typeof figures)[number]): string => (figure === 'min' || figure === 'mean' ? 'extra' : '')

export function numbersOf(values: readonly (number | null)[]): Numbers {
  let [sum, count, min, max] = [0, 0, Infinity, -Infinity]
  let last: number | null = null
  for (const value of values) {
    if (value === null) continue
    ;[sum, count, min, max, last] = [sum + value, count + 1, Math.min(min, value), Math.max(max, value), value]
  }
  return count === 0 ? { last: null, min: null, mean: null, max: null } : { last, min, mean: sum / count, max }
}

export function Legend({ series, as, hidden, choose, onBold, unit, decimals }: LegendProps) {
  const numbers = useMemo(() => series.map(({ values }) => numbersOf(values)), [series])
  const entry = (one: GraphSeries, index: number) => <Entry key={one.id} one={one} index={index} hidden={hidden} choose={choose} onBold={onBold} />
  if (as === 'list') {
    return (
      <ul class="graph-legend" onPointerLeave={() => onBold(null)} aria-label={t('graph.legend')}>
        {series.map((one, index) => (
          <li key={one.id}>{entry(one, index)}</li>
        ))}
      </ul>
    )
  }
  return (
    <div class="graph-legend-table" onPointerLeave={() => onBold(null)}>
      <table class="grid-table num">
        <thead>
          <tr>
            <th scope="col">{t('graph.legend')}</th>
            {figures.map((figure) => <th scope="col" class={`right ${extra(figure)}`} key={figure}>{t(`graph.figure.${figure}`)}</th>)}
          </tr>
        </thead>
        <tbody>
          {series.map((one, index) => (
            <tr key={one.id}>
              <td>{entry(one, index)}</td>
              {figures.map((figure) => <td class={`right ${extra(figure)}`} key={figure}>{format(numbers[index]?.[figure], unit, decimals)}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface EntryProps extends Shown {
  one: GraphSeries
  index: number
  onBold: (id: string | null) => void
}

function Entry({ one, index, hidden, choose, onBold }: EntryProps) {
  return (
    <button
      type="button" class="graph-entry" aria-pressed={!hidden.has(one.id)} title={`${one.label}\n${t('graph.legend.hint')}`}
      onClick={(event) => choose(one.id, event.ctrlKey || event.metaKey || event.shiftKey)}
      onPointerEnter={() => onBold(one.id)} onFocus={() => onBold(one.id)} onBlur={() => onBold(null)}
    >
      <i style={{ background: colourOf(one, index, paint()) }} />
      <span class="cut">{one.label}</span>
    </button>
  )
}
