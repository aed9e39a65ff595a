// A trace with everything that is computed from its shape, and how that crosses to and from a worker.
import { criticalPath, type CriticalPath } from './critical'
import { findGroups, type Group, type Groups } from './groups'
import { selfTimes } from './selfTime'
import { buildTree } from './tree'
import type { SpanColumns, TraceTree } from './model'

export interface Trace {
  tree: TraceTree
  origin: bigint // nanoseconds since 1970 of offset 0
  self: Float64Array
  path: CriticalPath
  groups: Groups
  truncated: boolean
}

export function makeTrace(spans: SpanColumns, origin: bigint, truncated: boolean): Trace {
  const tree = buildTree(spans)
  return { tree, origin, self: selfTimes(tree), path: criticalPath(tree), groups: findGroups(tree), truncated }
}

// Texts cross as few long strings: cloning hundreds of thousands of short ones would block the page.
export interface PackedTrace extends Omit<Trace, 'tree'> {
  tree: Omit<TraceTree, 'spans'>
  ids: string
  parents: string
  words: readonly string[]
  names: Uint32Array
  services: Uint32Array
  kinds: Uint32Array
  starts: Float64Array
  durations: Float64Array
  errors: Uint8Array
}

export function packTrace({ tree, ...rest }: Trace): { packed: PackedTrace; buffers: ArrayBuffer[] } {
  const { spans, ...shape } = tree
  const numbers = new Map<string, number>()
  const numberOf = (word: string): number => {
    const known = numbers.get(word)
    if (known !== undefined) return known
    numbers.set(word, numbers.size)
    return numbers.size - 1
  }
  const [names, services, kinds] = [spans.names, spans.services, spans.kinds].map((texts) => Uint32Array.from(texts, numberOf)) as [Uint32Array, Uint32Array, Uint32Array]
  const packed: PackedTrace = {
    ...rest, tree: shape, names, services, kinds,
    ids: spans.ids.join('\n'), parents: spans.parents.map((id) => id ?? '').join('\n'), words: [...numbers.keys()],
    starts: spans.starts, durations: spans.durations, errors: Uint8Array.from(spans.errors, Number),
  }
  const arrays = [...Object.values(packed), ...Object.values(shape), ...Object.values(rest.path)].filter((value) => ArrayBuffer.isView(value))
  return { packed, buffers: [...new Set(arrays.map((array) => array.buffer as ArrayBuffer))] }
}

export function unpackTrace({ ids, parents, words, names, services, kinds, starts, durations, errors, tree, ...rest }: PackedTrace): Trace {
  const texts = (numbers: Uint32Array) => Array.from(numbers, (number) => words[number] as string)
  const size = names.length
  const spans: SpanColumns = {
    ids: size === 0 ? [] : ids.split('\n'),
    parents: size === 0 ? [] : parents.split('\n').map((id) => id || null),
    names: texts(names), services: texts(services), kinds: texts(kinds),
    starts, durations, errors: Array.from(errors, Boolean),
  }
  return { ...rest, tree: { ...tree, spans } }
}

export type { Group }
