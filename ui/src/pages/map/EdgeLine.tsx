import { t } from '../../i18n/translate'
import { duration, percent } from '../../time/format'
import { arrow, curve } from './drawing'
import { healthOf, widthOf, type MapEdge } from './graph'
import type { Layout } from './layout'

interface EdgeLineProps {
  edge: MapEdge
  drawn: Layout['edges'][string] | undefined
  most: number
  near: boolean
  onSelect: () => void
}

export function EdgeLine({ edge, drawn, most, near, onSelect }: EdgeLineProps) {
  if (!drawn) return null
  const width = widthOf(edge.calls, most)
  const health = healthOf(edge)
  const path = curve(drawn.points)
  const lines = labelOf(edge)
  return (
    <g class={`edge ${health} ${near ? 'near' : ''}`} onClick={onSelect} onPointerEnter={onSelect}>
      <path class="edge-hit" d={path} />
      <path class="edge-line" d={path} stroke-width={width.toFixed(1)} />
      <path class="edge-head" d={arrow(drawn.points, 6 + width * 1.3)} />
      {lines.map(({ text, kind }, index) => (
        <text key={kind} class={kind} x={drawn.label.x} y={drawn.label.y + below(index, width)} text-anchor="middle">
          {text}
        </text>
      ))}
    </g>
  )
}

// The first line stands above the edge, the others below it.
const below = (index: number, width: number): number => (index === 0 ? -width / 2 - 4 : width / 2 + 12 * index)

// Failing edges say so in words too, since colour alone tells not everybody.
function labelOf({ p95, hopP95, calls, failed, merged }: MapEdge): { text: string; kind: string }[] {
  const most = merged > 1 ? '≤ ' : ''
  return [
    ...(p95 === null ? [] : [{ text: most + duration(p95), kind: 'p95' }]),
    ...(hopP95 === null ? [] : [{ text: t('map.hopOf', { duration: most + duration(hopP95) }), kind: 'hop' }]),
    ...(failed === 0 ? [] : [{ text: `⚠ ${percent(failed / calls)}`, kind: 'failed' }]),
  ]
}
