// The selected span in the URL: its id, and which of the spans that share it.
import type { TraceTree } from './model'

export function spanKey(tree: TraceTree, row: number): string {
  const span = tree.spanOf[row] as number
  if (span === undefined || span < 0) return ''
  const id = tree.spans.ids[span] as string
  let nth = 0
  for (let at = tree.spans.ids.indexOf(id); at >= 0 && at < span; at = tree.spans.ids.indexOf(id, at + 1)) nth += 1
  return nth === 0 ? id : `${id}~${nth}`
}

export function rowOfKey(tree: TraceTree, key: string): number {
  if (key === '') return -1
  const [id = '', nth = '0'] = key.split('~')
  let span = tree.spans.ids.indexOf(id)
  for (let more = Number(nth); more > 0 && span >= 0; more -= 1) span = tree.spans.ids.indexOf(id, span + 1)
  return span < 0 ? -1 : (tree.rowOfSpan[span] as number)
}
