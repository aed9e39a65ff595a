// Nodes of a parsed query: their text, so that each can be asked for itself, and their parts.
import type { TreeNode } from '../../../promql/answer'
import { labelName, promDuration, quoted } from '../../../promql/text'

interface MatcherNode {
  name: string
  type: string
  value: string
}

const text = (node: TreeNode, member: string): string => String(node[member] ?? '')
const child = (node: TreeNode, member: string): TreeNode => node[member] as TreeNode

export function childrenOf(node: TreeNode): TreeNode[] {
  const members = [node['param'], node['expr'], node['lhs'], node['rhs'], ...((node['args'] as unknown[] | undefined) ?? [])]
  return members.filter((member): member is TreeNode => typeof member === 'object' && member !== null && 'type' in member)
}

export function textOf(node: TreeNode): string {
  switch (node.type) {
    case 'numberLiteral':
      return text(node, 'val')
    case 'stringLiteral':
      return quoted(text(node, 'val'))
    case 'vectorSelector':
      return `${selectorOf(node)}${shiftOf(node)}`
    case 'matrixSelector':
      return `${selectorOf(node)}[${durationOf(node, 'range')}]${shiftOf(node)}`
    case 'subquery':
      return `${textOf(child(node, 'expr'))}[${durationOf(node, 'range')}:${durationOf(node, 'step')}]${shiftOf(node)}`
    case 'unaryExpr':
      return `${text(node, 'op')}${textOf(child(node, 'expr'))}`
    case 'parenExpr':
      return `(${textOf(child(node, 'expr'))})`
    case 'binaryExpr':
      return `${textOf(child(node, 'lhs'))} ${operationOf(node)} ${textOf(child(node, 'rhs'))}`
    case 'aggregation':
      return `${headOf(node)} (${childrenOf(node).map(textOf).join(', ')})`
    case 'call':
      return `${headOf(node)}(${childrenOf(node).map(textOf).join(', ')})`
    default:
      return ''
  }
}

// What a node does with its parts.
export function headOf(node: TreeNode): string {
  switch (node.type) {
    case 'aggregation': {
      const labels = (node['grouping'] as string[] | undefined) ?? []
      const grouping = node['without'] === true ? ` without (${labels.map(labelName).join(', ')})` : labels.length > 0 ? ` by (${labels.map(labelName).join(', ')})` : ''
      return text(node, 'op') + grouping
    }
    case 'call':
      return text(child(node, 'func'), 'name')
    case 'binaryExpr':
      return operationOf(node)
    case 'unaryExpr':
      return text(node, 'op')
    case 'parenExpr':
      return '( … )'
    case 'subquery':
      return `[${durationOf(node, 'range')}:${durationOf(node, 'step')}]${shiftOf(node)}`
    default:
      return textOf(node)
  }
}

function selectorOf(node: TreeNode): string {
  const name = text(node, 'name')
  const matchers = ((node['matchers'] as MatcherNode[] | undefined) ?? []).filter((matcher) => !(name !== '' && matcher.name === '__name__' && matcher.type === '='))
  const plain = name === '' || /^[A-Za-z_:][A-Za-z0-9_:]*$/.test(name)
  const written = [...(plain ? [] : [quoted(name)]), ...matchers.map((matcher) => `${labelName(matcher.name)}${matcher.type}${quoted(matcher.value)}`)]
  const modifier = node['anchored'] === true ? ' anchored' : node['smoothed'] === true ? ' smoothed' : ''
  // The modifier stands behind the range, which is written by whoever has one.
  return `${plain ? name : ''}${written.length > 0 || name === '' ? `{${written.join(', ')}}` : ''}${node.type === 'matrixSelector' ? '' : modifier}`
}

function durationOf(node: TreeNode, member: 'range' | 'step' | 'offset'): string {
  const expression = node[`${member}Expr`]
  if (typeof expression === 'string') return expression
  const milliseconds = Number(node[member] ?? 0)
  if (milliseconds === 0) return member === 'step' ? '' : '0s'
  return milliseconds % 1000 === 0 ? promDuration(milliseconds / 1000) : `${milliseconds}ms`
}

function shiftOf(node: TreeNode): string {
  const { startOrEnd, timestamp, offset } = node
  const modifier = node.type !== 'matrixSelector' ? '' : node['anchored'] === true ? ' anchored' : node['smoothed'] === true ? ' smoothed' : ''
  const at = startOrEnd === 'start' || startOrEnd === 'end' ? ` @ ${startOrEnd}()` : typeof timestamp === 'number' ? ` @ ${(timestamp / 1000).toFixed(3)}` : ''
  const sign = typeof offset === 'number' && offset < 0 ? '-' : ''
  const moved = typeof node['offsetExpr'] === 'string' ? ` offset (${node['offsetExpr']})` : offset ? ` offset ${sign}${durationOf({ ...node, offset: Math.abs(Number(offset)) }, 'offset')}` : ''
  return modifier + at + moved
}

interface MatchingNode {
  card: string
  labels: string[]
  on: boolean
  include: string[]
  fillValues?: { lhs: number | null; rhs: number | null }
}

function operationOf(node: TreeNode): string {
  const matching = node['matching'] as MatchingNode | null
  const parts = [text(node, 'op')]
  if (node['bool'] === true) parts.push('bool')
  if (matching) {
    if (matching.on || matching.labels.length > 0) parts.push(`${matching.on ? 'on' : 'ignoring'} (${matching.labels.map(labelName).join(', ')})`)
    const side = matching.card === 'many-to-one' ? 'group_left' : matching.card === 'one-to-many' ? 'group_right' : ''
    if (side !== '') parts.push(`${side} (${matching.include.map(labelName).join(', ')})`)
    const { lhs = null, rhs = null } = matching.fillValues ?? {}
    if (lhs !== null) parts.push(`fill_left (${lhs})`)
    if (rhs !== null) parts.push(`fill_right (${rhs})`)
  }
  return parts.join(' ')
}

// Literals and brackets are what they are; the rest has something to count.
export const canBeAsked = (node: TreeNode): boolean => !['numberLiteral', 'stringLiteral', 'parenExpr'].includes(node.type)
