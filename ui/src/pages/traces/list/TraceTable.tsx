import { useEffect, useRef, useState } from 'preact/hooks'
import { Link, useLocation } from 'wouter-preact'
import { Icon } from '../../../components/Icon'
import { ServiceDot, ServiceName } from '../../../components/Service'
import { Value } from '../../../components/Value'
import { useVirtual } from '../../../components/virtual'
import { t } from '../../../i18n/translate'
import { useKeys } from '../../../shell/keys'
import { count, duration, stamp } from '../../../time/format'
import { parseTime } from '../../../time/nanoseconds'
import { linkTo } from '../../../url/state'
import { Matched } from './Matched'
import type { TraceRow } from './rows'

const rowHeight = 37

interface TraceTableProps {
  rows: readonly TraceRow[]
  more: (() => void) | null
  unfolds: boolean // whether rows open to show what was found in them
}

export function TraceTable({ rows, more, unfolds }: TraceTableProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState(-1)
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set())
  const [, navigate] = useLocation()
  const virtual = useVirtual({ count: rows.length, scroller, estimate: rowHeight, overscan: 10, keyOf: (index) => rows[index]?.id ?? index })
  const longest = Math.max(1, ...rows.map((row) => row.duration))
  const items = virtual.getVirtualItems()
  const lastShown = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (more && rows.length > 0 && lastShown >= rows.length - 5) more()
  }, [lastShown, rows.length])
  const move = (step: number) => () => {
    const next = Math.max(0, Math.min(rows.length - 1, at + step))
    setAt(next)
    virtual.scrollToIndex(next)
  }
  const open = () => {
    const row = rows[at]
    if (row) navigate(linkTo(`/trace/${row.id}`))
  }
  const fold = (id: string | undefined, open?: boolean) => {
    if (!unfolds || id === undefined) return
    const next = new Set(unfolded)
    if (open ?? !next.has(id)) next.add(id)
    else next.delete(id)
    setUnfolded(next)
  }
  useKeys({ j: move(1), k: move(-1), Enter: open, l: () => fold(rows[at]?.id, true), h: () => fold(rows[at]?.id, false) })
  const counts = rows.some(({ matched }) => matched !== null)
  return (
    <div class={`trace-table ${counts ? 'counts' : ''} ${unfolds ? 'unfolds' : ''}`} role="table" aria-label={t('traces.list')} aria-rowcount={rows.length}>
      <div class="trace-row head" role="row">
        <span role="columnheader">{t('traces.started')}</span>
        <span role="columnheader">{t('traces.root')}</span>
        <span role="columnheader" class="hide-phone">{t('traces.status')}</span>
        <span role="columnheader">{t('trace.duration')}</span>
        {counts && <span role="columnheader" class="right hide-phone">{t('traces.matched')}</span>}
        <span role="columnheader" class="right spans">{t('traces.spans')}</span>
        <span role="columnheader" class="right hide-phone">{t('trace.services')}</span>
        <span role="columnheader" class="right">{t('trace.errorCount')}</span>
      </div>
      <div class="trace-scroll" ref={scroller} role="rowgroup" tabIndex={0} aria-label={t('traces.list')}>
        <div style={{ height: `${virtual.getTotalSize()}px`, position: 'relative' }} role="presentation">
          {items.map((item) => {
            const row = rows[item.index]
            if (!row) return null
            const open = unfolds && unfolded.has(row.id)
            return (
              <div
                key={row.id} data-index={item.index} ref={(node) => virtual.measureElement(node)} role="presentation"
                class={`trace-item ${item.index === at ? 'at' : ''}`} style={{ transform: `translateY(${item.start}px)` }}
              >
                <Line row={row} index={item.index} longest={longest} counts={counts} open={open} fold={unfolds ? () => fold(row.id) : null} />
                {open && <Matched row={row} />}
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
}

interface LineProps {
  row: TraceRow
  index: number
  longest: number
  counts: boolean
  open: boolean
  fold: (() => void) | null
}

function Line({ row, index, longest, counts, open, fold }: LineProps) {
  const [, navigate] = useLocation()
  const address = linkTo(`/trace/${row.id}`)
  const started = parseTime(row.started)
  const onClick = (event: MouseEvent) => {
    if (!(event.target as HTMLElement).closest('a, button')) navigate(address)
  }
  return (
    <div class="trace-row" role="row" aria-rowindex={index + 1} onClick={onClick}>
      <span role="cell" class="num quiet" title={row.started}>
        {stamp(started)}
      </span>
      <span role="cell" class="row">
        {fold && (
          <button class="fold" aria-expanded={open} aria-label={t(open ? 'trace.collapse' : 'trace.expand')} onClick={fold}>
            <Icon name={open ? 'down' : 'right'} size={12} />
          </button>
        )}
        <span class="hide-phone">
          <ServiceName name={row.service} />
        </span>
        <span class="phone-dot service">
          <ServiceDot name={row.service} />
        </span>
        <Link href={address} class="cut trace-name" title={row.name}>
          {row.name || row.id}
        </Link>
      </span>
      <span role="cell" class="hide-phone">
        {row.status && (
          <Value field="http.response.status_code" value={row.status}>
            <span class={`tag ${row.status.startsWith('5') ? 'error' : row.status.startsWith('4') ? 'warn' : ''}`}>{row.status}</span>
          </Value>
        )}
      </span>
      <span role="cell" class="num duration-cell">
        <i style={{ width: `${Math.max(1.5, Math.sqrt(row.duration / longest) * 100)}%` }} />
        <em>{duration(row.duration)}</em>
      </span>
      {counts && <span role="cell" class="num right hide-phone">{row.matched === null ? '' : count(row.matched)}</span>}
      <span role="cell" class="num right spans">{count(row.spans)}</span>
      <span role="cell" class="num right hide-phone">{count(row.services)}</span>
      <span role="cell" class="num right">
        {row.errors > 0 ? (
          <span class="tag error">
            <Icon name="error" size={12} label={t('trace.error')} /> {count(row.errors)}
          </span>
        ) : (
          <span class="quiet">0</span>
        )}
      </span>
    </div>
  )
}
