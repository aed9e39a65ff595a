import { useMemo, useRef } from 'preact/hooks'
import { Link } from 'wouter-preact'
import type { SqlAnswer, SqlColumn, SqlValue } from '../../api/types'
import { showValue } from '../../components/Attributes'
import { Icon } from '../../components/Icon'
import { Value } from '../../components/Value'
import { useVirtual } from '../../components/virtual'
import { t } from '../../i18n/translate'
import { count } from '../../time/format'
import { linkTo } from '../../url/state'

const rowHeight = 29
const cellLimit = 300

const numeric = ({ type }: SqlColumn): boolean => /^(U?Int|Float|Decimal)/i.test(type)

// Wide enough for the first rows, within reason.
function widths(answer: SqlAnswer): string {
  return answer.columns
    .map((column, index) => {
      let longest = column.name.length + 2
      for (const row of answer.rows.slice(0, 60)) longest = Math.max(longest, cellText(row[index] ?? null).length)
      return `minmax(${Math.min(440, Math.max(70, longest * 7.6 + 26)).toFixed(0)}px, ${numeric(column) ? 'auto' : '1fr'})`
    })
    .join(' ')
}

function cellText(value: SqlValue): string {
  if (typeof value === 'number') return count(value)
  return showValue(value)
}

export function ResultTable({ answer }: { answer: SqlAnswer }) {
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtual({ count: answer.rows.length, scroller, estimate: rowHeight, overscan: 12 })
  const template = useMemo(() => widths(answer), [answer])
  if (answer.rows.length === 0) {
    return (
      <div class="notice">
        <Icon name="empty" size={24} />
        <strong>{t('sql.noRows')}</strong>
      </div>
    )
  }
  const height = Math.min(440, answer.rows.length * rowHeight + 46)
  return (
    <div class="result" ref={scroller} style={{ height: `${height}px` }} tabIndex={0} role="region" aria-label={t('sql.result')}>
      <div class="result-grid" role="table" aria-rowcount={answer.rows.length + 1} aria-label={t('sql.result')}>
        <div role="rowgroup" class="result-top">
          <div class="result-row head" role="row" style={{ gridTemplateColumns: template }}>
            {answer.columns.map((column) => (
              <span key={column.name} role="columnheader" class={`cut ${numeric(column) ? 'right' : ''}`} title={`${column.name}: ${column.type}`}>
                {column.name}
              </span>
            ))}
          </div>
        </div>
        <div style={{ height: `${virtual.getTotalSize()}px` }} role="rowgroup" class="result-space">
          {virtual.getVirtualItems().map((item) => (
            <div key={item.index} class="result-row" role="row" aria-rowindex={item.index + 2} style={{ gridTemplateColumns: template, transform: `translateY(${item.start}px)` }}>
              {answer.columns.map((column, index) => (
                <CellView key={column.name} column={column} value={answer.rows[item.index]?.[index] ?? null} />
              ))}
            </div>
          ))}
        </div>
      </div>
    </div>
  )
}

function CellView({ column, value }: { column: SqlColumn; value: SqlValue }) {
  const right = numeric(column) ? 'right' : ''
  if (value === null) return <span role="cell" class={`quiet ${right}`}>null</span>
  const text = cellText(value)
  if (column.name === 'trace_id' && /^[0-9a-f]{32}$/.test(text)) {
    return <span role="cell" class="cut mono"><Link href={linkTo(`/trace/${text}`)}>{text}</Link></span>
  }
  return (
    <span role="cell" class={`cut num ${right}`}>
      <Value field={fieldName(column.name)} value={showValue(value)} class="cut">{text.slice(0, cellLimit)}</Value>
    </span>
  )
}

const fieldNames: Record<string, string> = { service_name: 'service', status_code: 'status', severity_text: 'severity', scope_name: 'scope', metric_name: 'metric' }

function fieldName(column: string): string {
  const attribute = /^(?:\w+\.)?attributes\[(?:Utf8\(")?'?([^'")\]]+)/.exec(column)
  return attribute?.[1] ?? fieldNames[column] ?? column
}
