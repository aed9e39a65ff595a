// Lays panels on 24 columns, or one below the other where there is little room.
import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { columns, type Panel, type Place } from '../model/document'
import { visiblePanels } from '../model/grid'
import { repeated, type Drawn } from '../model/repeat'
import { interpolate } from '../variables/interpolate'
import { PanelCard } from './PanelCard'
import type { Context } from './usePanelData'

export const gap = 8
export const rowHeight = 30
const narrow = 700

export const pixelsHigh = (h: number): number => h * rowHeight + (h - 1) * gap
export const columnWidth = (width: number): number => (width - gap * (columns - 1)) / columns

interface GridProps {
  panels: readonly Panel[]
  context: Context
  width: number
  onFull: (key: string) => void
  onFold: (id: number) => void
}

export function Grid({ panels, context, width, onFull, onFold }: GridProps) {
  const drawn = useMemo(() => repeated(visiblePanels(panels), context.scope), [panels, context.scope])
  const stacked = width < narrow
  return (
    <div class={`dash-grid ${stacked ? 'stacked' : ''}`}>
      {drawn.map(({ panel, scope, key }) => (
        <Slot key={key} place={panel.place} stacked={stacked}>
          {panel.type === 'row' ? (
            <RowHead panel={panel} title={interpolate(panel.title, scope, 'text')} onFold={() => onFold(panel.id)} />
          ) : (
            <ScopedCard drawn={{ panel, scope, key }} context={context} width={widthOf(panel, width)} height={pixelsHigh(panel.place.h)} onFull={() => onFull(key)} />
          )}
        </Slot>
      ))}
    </div>
  )
}

export const widthOf = ({ place }: Panel, width: number): number => (width < narrow ? width : Math.floor(columnWidth(width) * place.w + gap * (place.w - 1)))

interface ScopedProps {
  drawn: Drawn
  context: Context
  width: number
  height: number
  full?: boolean
  onFull: () => void
}

// A copy of a repeated panel sees its own value of the variable.
export function ScopedCard({ drawn, context, ...rest }: ScopedProps) {
  const own = useMemo(() => (drawn.scope === context.scope ? context : { ...context, scope: drawn.scope }), [context, drawn.scope])
  return <PanelCard panel={drawn.panel} context={own} {...rest} />
}

export function Slot({ place: { x, y, w, h }, stacked, class: name = '', children }: { place: Place; stacked: boolean; class?: string; children: ComponentChildren }) {
  const style = stacked ? { minHeight: `${pixelsHigh(h)}px` } : { gridColumn: `${x + 1} / span ${w}`, gridRow: `${y + 1} / span ${h}` }
  return <div class={`dash-slot ${name}`} style={style}>{children}</div>
}

function RowHead({ panel, title, onFold }: { panel: Panel; title: string; onFold: () => void }) {
  return (
    <h2 class="dash-row">
      <button aria-expanded={!panel.collapsed} onClick={onFold}>
        <Icon name={panel.collapsed ? 'right' : 'down'} size={14} /> {title || t('dash.type.row')}
      </button>
    </h2>
  )
}
