// What is selected, in words, and what can be done with it.
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { useKeys } from '../../../shell/keys'
import { writeFilter, type Filter } from '../../../sql/filter'
import { duration, stamp } from '../../../time/format'
import { writeRange, type Range } from '../../../time/range'
import { setParams } from '../../../url/state'
import { slowCut, totalsOf, type Cell } from './cells'
import type { Unit } from './queries'
import { errorsRegion, windowOf, type Region } from './region'
import { selectAndCompare, useLower } from './useRegion'

export function describeRegion(region: Region, range: Range): string {
  if (region.kind === 'errors') return t('traces.region.errors')
  const { from, to, low, high } = region
  const times = from === null && to === null ? '' : `${stamp(from ?? range.from)} – ${stamp(to ?? range.to)}`
  const durations = low === null ? (high === null ? '' : `< ${duration(high)}`) : high === null ? `≥ ${duration(low)}` : `${duration(low)} – ${duration(high)}`
  return [times, durations].filter(Boolean).join(' · ')
}

interface RegionBarProps {
  region: Region | null
  range: Range
  unit: Unit
  cells: readonly Cell[]
  onRegion: (region: Region | null) => void
}

export function RegionBar({ region, range, unit, cells, onRegion }: RegionBarProps) {
  const [lower, setLower] = useLower()
  useKeys(region ? { c: () => setLower('compare'), z: () => zoom(region, range, unit) } : {})
  if (!region) return <Presets range={range} cells={cells} />
  return (
    <div class="region-bar" role="group" aria-label={t('traces.region')}>
      <span class="cut num">
        <b>{t('traces.region')}</b> {describeRegion(region, range)}
      </span>
      <span class="push" />
      <button class="button small primary" onClick={() => setLower('compare')} aria-pressed={lower === 'compare'} title="c">
        <Icon name="chart" size={13} /> {t('traces.region.compare')}
      </button>
      <button class="button small" onClick={() => zoom(region, range, unit)} title="z">
        <Icon name="search" size={13} /> {t('traces.region.zoom')}
      </button>
      <button class="button small plain" onClick={() => onRegion(null)} title="Esc">
        <Icon name="close" size={13} /> {t('traces.region.clear')}
      </button>
    </div>
  )
}

// The selection becomes the range and the filters of the page.
function zoom(region: Region, range: Range, unit: Unit): void {
  setParams((params) => {
    params.delete('sel')
    params.delete('view')
    const add = (filter: Filter) => {
      const written = writeFilter(filter)
      if (!params.getAll('f').includes(written)) params.append('f', written)
    }
    // Roots were selected, so only roots are meant.
    if (unit === 'traces' && (region.kind === 'errors' || region.low !== null || region.high !== null)) add({ key: 'parent_span_id', op: '=', value: '' })
    if (region.kind === 'errors') {
      add({ key: 'status', op: '=', value: 'ERROR' })
      return
    }
    if (region.from !== null || region.to !== null) writeRange(params, { kind: 'absolute', ...windowOf(region, range) })
    if (region.low !== null) add({ key: 'duration', op: '>=', value: `${region.low}ns` })
    if (region.high !== null) add({ key: 'duration', op: '<', value: `${region.high}ns` })
  })
}

interface PresetsProps {
  range: Range
  cells: readonly Cell[]
}

// Selections people want most often; a drag makes any other.
function Presets({ range, cells }: PresetsProps) {
  const cut = slowCut(cells, 0.05)
  const { count, errors } = totalsOf(cells)
  const failing = errors > 0 && errors < count
  const half = range.from + (range.to - range.from) / 2n
  return (
    <div class="region-bar" role="group" aria-label={t('traces.region.compare')}>
      <span class="quiet cut">{t('traces.region.hint')}</span>
      {cut !== null && (
        <button class="button small" onClick={() => selectAndCompare({ kind: 'box', from: null, to: null, low: cut, high: null })} title={t('traces.region.slow.title', { duration: duration(cut) })}>
          {t('traces.region.slow')}
        </button>
      )}
      {failing && (
        <button class="button small" onClick={() => selectAndCompare(errorsRegion)}>{t('traces.region.failed')}</button>
      )}
      {cells.length > 0 && (
        <button class="button small" onClick={() => selectAndCompare({ kind: 'box', from: half, to: null, low: null, high: null })}>{t('traces.region.later')}</button>
      )}
    </div>
  )
}
