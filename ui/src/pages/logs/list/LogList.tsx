// Records as a virtual list: it stays where one looks while records come and go at both ends.
import type { ComponentChildren } from 'preact'
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { useVirtual, type VirtualItem } from '../../../components/virtual'
import { t } from '../../../i18n/translate'
import { useKeys } from '../../../shell/keys'
import { bandOf } from '../../../sql/severity'
import type { LogRecord } from '../record'
import { Expanded } from './Expanded'
import { Line } from './Line'
import { ListHead } from './ListHead'

export interface LogListProps {
  records: readonly LogRecord[]
  wrap?: boolean
  columns?: readonly string[]
  words?: readonly string[] // marked in the bodies
  marked?: string // the key of the record that all is about
  goTo?: string // the key of the record to be in view, once
  follow?: boolean // at the top, what comes is shown
  keys?: boolean
  onContext: ((record: LogRecord) => void) | null
  onEnd?: () => void
  onStart?: () => void
  onTop?: (record: LogRecord) => void // the first that is seen
  onOldest?: () => void
  onNewest?: () => void
  start?: ComponentChildren
  end?: ComponentChildren
}

// Half a page before the end the next one is asked for.
const near = 150
const none: readonly string[] = []

export function LogList(props: LogListProps) {
  const { records, wrap = false, columns = none, words = none, marked, goTo, follow = false, keys = true, onContext, start = null, end = null } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const [at, setAt] = useState<string | null>(null)
  const keyOf = useCallback((index: number) => records[index]?.key ?? index, [records])
  const virtual = useVirtual({ count: records.length, scroller, estimate: 26, overscan: 14, keyOf })
  const items = virtual.getVirtualItems()
  useStill(scroller, records, items, virtual, follow, goTo)
  useEdges(props, items, scroller)
  const toggle = (record: LogRecord) => {
    const next = new Set(open)
    if (!next.delete(record.key)) next.add(record.key)
    setOpen(next)
  }
  const place = at === null ? -1 : records.findIndex(({ key }) => key === at)
  const current = records[place]
  const move = (step: number) => () => {
    const next = Math.max(0, Math.min(records.length - 1, place < 0 ? (items.find(({ start: top }) => top >= (scroller.current?.scrollTop ?? 0))?.index ?? 0) : place + step))
    setAt(records[next]?.key ?? null)
    virtual.scrollToIndex(next)
    // The names of the columns cover a row's height that the virtual list does not know of.
    requestAnimationFrame(() => scroller.current?.querySelector('.log.at')?.scrollIntoView({ block: 'nearest' }))
  }
  const toggleCurrent = () => current && toggle(current)
  const shut = (wanted: boolean) => () => current && open.has(current.key) !== wanted && toggle(current)
  const toEnd = (act: (() => void) | undefined, index: number) => () => (act ? act() : virtual.scrollToIndex(index))
  useKeys(keys ? {
    j: move(1), k: move(-1), o: toggleCurrent, Enter: toggleCurrent, l: shut(true), h: shut(false),
    c: () => current && onContext?.(current), Home: toEnd(props.onNewest, 0), End: toEnd(props.onOldest, records.length - 1),
  } : {})
  return (
    <div class={`log-scroll ${wrap ? 'wrap-lines' : ''}`} ref={scroller} tabIndex={0} role="region" aria-label={t('logs.list')}>
      {columns.length > 0 && <ListHead columns={columns} />}
      {start && <div class="log-start">{start}</div>}
      <ol style={{ height: `${virtual.getTotalSize()}px` }}>
        {items.map((item) => {
          const record = records[item.index]
          if (!record) return null
          const isOpen = open.has(record.key)
          return (
            <li
              key={record.key} data-index={item.index} ref={(node) => virtual.measureElement(node)}
              class={`log sev sev-${bandOf(record.severity).name} ${record.key === at ? 'at' : ''} ${record.key === marked ? 'marked' : ''}`}
              {...(record.key === marked ? { 'aria-current': 'true' as const } : {})}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <Line record={record} open={isOpen} columns={columns} words={words} toggle={() => toggle(record)} />
              {isOpen && <Expanded record={record} onContext={onContext} />}
            </li>
          )
        })}
      </ol>
      {end}
    </div>
  )
}

type Virtual = ReturnType<typeof useVirtual>

// Whatever is added above or taken away there, the row at the top stays at the top.
function useStill(scroller: { current: HTMLDivElement | null }, records: readonly LogRecord[], items: readonly VirtualItem[], virtual: Virtual, follow: boolean, goTo: string | undefined): void {
  const seen = useRef<{ first: string; key: string; below: number } | null>(null)
  useLayoutEffect(() => {
    const host = scroller.current
    const last = seen.current
    if (!host || !last || records[0]?.key === last.first) return
    if (follow && host.scrollTop < 4) return
    const index = records.findIndex(({ key }) => key === last.key)
    // Nothing of what was seen is left: another list begins at its top, or at the record that it is about.
    host.scrollTop = index < 0 ? 0 : (virtual.measurementsCache[index]?.start ?? 0) + last.below
    // The virtual list hears of it at once, so that what belongs there is drawn before anything is painted.
    host.dispatchEvent(new Event('scroll'))
  }, [records])
  useLayoutEffect(() => {
    const index = goTo === undefined ? -1 : records.findIndex(({ key }) => key === goTo)
    if (index > 0) virtual.scrollToIndex(index, { align: 'center' })
  }, [goTo])
  useLayoutEffect(() => {
    const host = scroller.current
    const top = items.find(({ end }) => end > (host?.scrollTop ?? 0))
    const key = top && records[top.index]?.key
    seen.current = host && top && key ? { first: records[0]?.key ?? '', key, below: host.scrollTop - top.start } : null
  })
}

function useEdges({ records, onStart, onEnd, onTop }: LogListProps, items: readonly VirtualItem[], scroller: { current: HTMLDivElement | null }): void {
  const first = items[0]?.index ?? 0
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (records.length > 0 && last >= records.length - near) onEnd?.()
    else if (first < near) onStart?.()
  }, [first, last, records])
  useEffect(() => {
    if (!onTop) return
    const timer = setTimeout(() => {
      const top = items.find(({ end }) => end > (scroller.current?.scrollTop ?? 0))
      const record = records[top?.index ?? 0]
      if (record) onTop(record)
    }, 150)
    return () => clearTimeout(timer)
  }, [items, records])
}
