import { serviceVariable } from '../../components/palette'
import { t } from '../../i18n/translate'
import { duration, pace, percent } from '../../time/format'
import { linkTo, withFilters } from '../../url/state'
import { basePath } from '../../url/base'
import { servicePath } from '../services/address'
import { isFailing } from '../services/fleet'
import type { MapNode } from './graph'
import type { Point } from './layout'
import { sizeOf } from './useLayout'

interface NodeBoxProps {
  node: MapNode
  place: Point | undefined
  seconds: number
  centre: boolean
  pinned: boolean
  near: boolean
  onSelect: () => void
  onOpen: () => void
}

// A service leads to its page, anything else to the spans that speak of it.
export function nodeAddress({ kind, name, filters }: MapNode): string {
  if (kind === 'service') return linkTo(servicePath(name))
  return filters.length > 0 ? withFilters('/traces', filters) : ''
}

export function NodeBox({ node, place, seconds, centre, pinned, near, onSelect, onOpen }: NodeBoxProps) {
  if (!place) return null
  const { width, height } = sizeOf[node.kind]
  const failing = node.red !== null && isFailing(node.red)
  const lid = node.kind === 'database' ? 4 : 0
  const left = node.kind === 'service' ? 14 : 12
  const title = fitText(nameOf(node), width - left - (pinned || failing ? 26 : 10))
  const about = fitText(aboutOf(node, seconds), width - left - 4, 5.6)
  const onClick = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    onOpen()
  }
  const address = nodeAddress(node)
  return (
    <g transform={`translate(${(place.x - width / 2).toFixed(1)} ${(place.y - height / 2).toFixed(1)})`}>
      <a
        href={address ? basePath + address : '#'} data-node={node.id} draggable={false}
        class={`node ${node.kind} ${failing ? 'failing' : ''} ${centre ? 'centre' : ''} ${near ? 'near' : ''}`}
        aria-label={`${title} ${about}. ${describe(node)}`}
        onClick={onClick} onFocus={onSelect} onPointerEnter={onSelect}
      >
        <Shape node={node} width={width} height={height} />
        {node.kind === 'service' && <rect class="node-colour" x="0" y="10" width="4" height={height - 20} rx="2" fill={serviceVariable(node.name)} />}
        <text class="node-name" x={left} y={(about ? height / 2 - 5 : height / 2 + 4) + lid}>{`${title} `}</text>
        {about && <text class="node-about" x={left} y={height / 2 + 13 + lid}>{about}</text>}
        {failing && <text class="node-mark" x={width - 12} y={height / 2 - 5} text-anchor="end">⚠</text>}
        {pinned && <circle class="node-pin" cx={width - 9} cy="9" r="4" />}
      </a>
    </g>
  )
}

function Shape({ node: { kind }, width, height }: { node: MapNode; width: number; height: number }) {
  if (kind === 'database') {
    const lid = 7
    return (
      <>
        <path class="shape" d={`M0 ${lid} A${width / 2} ${lid} 0 0 1 ${width} ${lid} V${height - lid} A${width / 2} ${lid} 0 0 1 0 ${height - lid} Z`} />
        <path class="shape-detail" d={`M0 ${lid} A${width / 2} ${lid} 0 0 0 ${width} ${lid}`} />
      </>
    )
  }
  if (kind === 'queue') {
    const bend = 10
    return (
      <>
        <path class="shape" d={`M${bend} 0 H${width - bend} A${bend} ${height / 2} 0 0 1 ${width - bend} ${height} H${bend} A${bend} ${height / 2} 0 0 1 ${bend} 0 Z`} />
        <path class="shape-detail" d={`M${width - bend} 0 A${bend} ${height / 2} 0 0 0 ${width - bend} ${height}`} />
      </>
    )
  }
  if (kind === 'group') {
    return (
      <>
        <rect class="shape behind" x="5" y="-5" width={width} height={height} rx="9" />
        <rect class="shape" width={width} height={height} rx="9" />
      </>
    )
  }
  return <rect class="shape" width={width} height={height} rx={kind === 'outside' ? height / 2 : 9} />
}

const nameOf = (node: MapNode): string => (node.kind === 'outside' ? t('map.outside') : node.label || t('services.unnamed'))

function aboutOf(node: MapNode, seconds: number): string {
  if (node.kind === 'group') return t('map.members', { n: node.members.length })
  if (node.kind === 'peer') return t('map.peer')
  if (!node.red) return node.system && node.system !== node.label ? node.system : ''
  const { total, failed, p95 } = node.red
  return [pace(total, seconds), failed > 0 ? percent(failed / total) : '', p95 === null ? '' : duration(p95)].filter(Boolean).join(' · ')
}

// What the box shows comes first, so that who speaks to the browser may say what is seen.
function describe(node: MapNode): string {
  const whole = `${t(`map.kind.${node.kind}`)} ${node.name}`
  return node.red && node.red.total > 0 ? `${whole}, ${t('red.errors.hint', { n: node.red.failed })}` : whole
}

// SVG does not cut text by itself; the width of a letter is close enough.
function fitText(text: string, width: number, letter = 6.9): string {
  const most = Math.floor(width / letter)
  return text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1))}…`
}
