import { t } from '../../i18n/translate'
import { duration, percent } from '../../time/format'
import { curve } from './drawing'
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
      <path class="edge-head" d={headAt(drawn.points, width)} />
      <text x={drawn.label.x} y={drawn.label.y - (lines.length - 1) * 6} text-anchor="middle">
        {lines.map(({ text, kind }, index) => (
          <tspan key={kind} class={kind} x={drawn.label.x} dy={index === 0 ? 4 : 12.5}>
            {text}
          </tspan>
        ))}
      </text>
    </g>
  )
}

// Failing edges say so in words too, since colour alone tells not everybody.
function labelOf({ p95, hopP95, calls, failed, merged }: MapEdge): { text: string; kind: string }[] {
  const most = merged > 1 ? '≤ ' : ''
  return [
    ...(p95 === null ? [] : [{ text: most + duration(p95), kind: 'p95' }]),
    ...(hopP95 === null ? [] : [{ text: t('map.hopOf', { duration: most + duration(hopP95) }), kind: 'hop' }]),
    ...(failed === 0 ? [] : [{ text: `⚠ ${percent(failed / calls)}`, kind: 'failed' }]),
  ]
}

function headAt(points: Layout['edges'][string]['points'], width: number): string {
  const end = points.at(-1)
  const before = points.at(-2)
  if (!end || !before) return ''
  const angle = Math.atan2(end.y - before.y, end.x - before.x)
  const size = 5 + width * 1.1
  const corner = (turn: number): string => `${(end.x - size * Math.cos(angle + turn)).toFixed(1)} ${(end.y - size * Math.sin(angle + turn)).toFixed(1)}`
  return `M${end.x.toFixed(1)} ${end.y.toFixed(1)} L${corner(0.42)} L${corner(-0.42)} Z`
}
