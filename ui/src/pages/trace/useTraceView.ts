// What the visitor chose to see of a trace; all of it but open and closed rows is in the URL.
import { useEffect, useMemo, useState } from 'preact/hooks'
import { column } from '../../api/client'
import { useSql } from '../../api/query'
import { all, sql, text, integer, type Sql } from '../../sql/escape'
import { filterConditions, type Filter } from '../../sql/filter'
import { useFilters, useParam } from '../../url/state'
import { matchesFilter } from './file/matching'
import type { Group } from './groups'
import { spanLimit } from './load'
import type { TraceTree } from './model'
import type { Source } from './source'
import type { Trace } from './trace'
import { hiding, visibleRows } from './view'

export interface TraceView {
  rows: Int32Array
  collapsed: ReadonlySet<number>
  setCollapsed: (rows: ReadonlySet<number>) => void
  foldedAt: (row: number) => Group | null // the group a row stands for
  setFolded: (row: number, folded: boolean) => void
  folding: boolean
  setFolding: (on: boolean) => void
  reveal: (row: number) => void
  muted: ReadonlySet<string>
  setMuted: (services: Iterable<string>) => void
  mode: 'dim' | 'hide'
  setMode: (mode: 'dim' | 'hide') => void
  errorsOnly: boolean
  setErrorsOnly: (on: boolean) => void
  critical: boolean
  setCritical: (on: boolean) => void
  find: string
  setFind: (text: string) => void
  filters: readonly Filter[]
  matches: ReadonlySet<number> | null
}

const none: ReadonlySet<string> = new Set()
const replace = { replace: true }

export function useTraceView(trace: Trace, source: Source): TraceView {
  const { tree, groups } = trace
  const [collapsed, setCollapsed] = useState<ReadonlySet<number>>(new Set())
  const [unfolded, setUnfolded] = useState<ReadonlySet<number>>(new Set())
  const [fold, setFold] = useParam('fold', '1')
  const [mutedList, setMutedList] = useParam('muted')
  const [mode, setMode] = useParam('mode', 'dim')
  const [errors, setErrors] = useParam('errors')
  const [critical, setCritical] = useParam('critical', '1')
  const [find, setFind] = useParam('find')
  const filters = useFilters()
  const muted = useMemo(() => new Set(mutedList.split('\n').filter(Boolean)), [mutedList])
  const hidden = mode === 'hide' ? muted : none
  const folded = (group: number) => fold !== '0' && !unfolded.has(group)
  const rows = useMemo(
    () => visibleRows(tree, groups, { collapsed, hiddenServices: hidden, errorsOnly: errors !== '', folded }),
    [tree, collapsed, unfolded, fold, hidden, errors],
  )
  // Rows of the first part of a large trace mean other spans once the whole is there.
  useEffect(() => {
    setCollapsed(new Set())
    setUnfolded(new Set())
  }, [tree])
  return {
    rows, collapsed, setCollapsed, muted, find, filters,
    ...foldActions(trace, { folded, unfolded, setUnfolded, collapsed, setCollapsed }),
    folding: fold !== '0',
    setFolding: (on) => setFold(on ? '1' : '0', replace),
    setMuted: (services) => setMutedList([...services].join('\n'), replace),
    mode: mode === 'hide' ? 'hide' : 'dim',
    setMode: (next) => setMode(next, replace),
    errorsOnly: errors !== '',
    setErrorsOnly: (on) => setErrors(on ? '1' : '', replace),
    critical: critical !== '0',
    setCritical: (on) => setCritical(on ? '1' : '0', replace),
    setFind: (next) => setFind(next, replace),
    matches: useMatches(trace, source, find, filters),
  }
}

interface Folding {
  folded: (group: number) => boolean
  unfolded: ReadonlySet<number>
  setUnfolded: (groups: ReadonlySet<number>) => void
  collapsed: ReadonlySet<number>
  setCollapsed: (rows: ReadonlySet<number>) => void
}

function foldActions({ tree, groups }: Trace, { folded, unfolded, setUnfolded, collapsed, setCollapsed }: Folding): Pick<TraceView, 'foldedAt' | 'setFolded' | 'reveal'> {
  return {
    foldedAt: (row) => {
      const group = groups.of[row] as number
      return group >= 0 && folded(group) ? (groups.list[group] ?? null) : null
    },
    setFolded: (row, close) => {
      const next = new Set(unfolded)
      if (close) next.delete(groups.of[row] as number)
      else next.add(groups.of[row] as number)
      setUnfolded(next)
    },
    reveal: (row) => {
      const closed = hiding(tree, groups, row)
      if (closed.rows.some((at) => collapsed.has(at))) setCollapsed(new Set([...collapsed].filter((at) => !closed.rows.includes(at))))
      if (closed.groups.some(folded)) setUnfolded(new Set([...unfolded, ...closed.groups]))
    },
  }
}

export const matchesQuery = (traceId: string, filters: readonly Filter[]): Sql => sql`SELECT span_id
FROM spans
WHERE trace_id = ${text(traceId)} AND ${all(filterConditions(filters, 'spans'))}
LIMIT ${integer(spanLimit)}`

// Filters ask the server, which knows the attributes, or the records of a file; the text box looks through what is here.
function useMatches({ tree }: Trace, { traceId, records }: Source, find: string, filters: readonly Filter[]): ReadonlySet<number> | null {
  const asked = filters.length > 0 && records === null
  const answer = useSql(asked ? matchesQuery(traceId, filters).text : null, { limit: spanLimit, keepPrevious: false })
  const byFilter = useMemo(() => {
    if (asked) return answer.data ? new Set(column(answer.data, 'span_id') as string[]) : null
    if (filters.length === 0 || !records) return null
    return new Set(records.filter((record) => filters.every((filter) => matchesFilter(record, filter))).map(({ spanId }) => spanId))
  }, [asked, answer.data, filters, records])
  const byText = useMemo(() => findRows(tree, find), [tree, find])
  return useMemo(() => {
    if (!byFilter) return byText
    const rows = new Set<number>()
    tree.spans.ids.forEach((id, span) => {
      const row = tree.rowOfSpan[span] as number
      if (byFilter.has(id) && (!byText || byText.has(row))) rows.add(row)
    })
    return rows
  }, [byFilter, byText, tree])
}

export function findRows(tree: TraceTree, find: string): ReadonlySet<number> | null {
  const wanted = find.trim().toLowerCase()
  if (wanted === '') return null
  const known = new Map<string, boolean>() // names repeat; lower-casing each once keeps typing quick
  const has = (word: string): boolean => {
    const before = known.get(word)
    if (before !== undefined) return before
    const found = word.toLowerCase().includes(wanted)
    known.set(word, found)
    return found
  }
  const rows = new Set<number>()
  const { names, services, ids } = tree.spans
  for (let row = 0; row < tree.total; row += 1) {
    const span = tree.spanOf[row] as number
    if (span >= 0 && (has(names[span] as string) || has(services[span] as string) || ids[span]?.startsWith(wanted))) rows.add(row)
  }
  return rows
}
