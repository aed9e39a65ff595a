import { useMemo } from 'preact/hooks'
import { Icon } from '../../../components/Icon'
import { ServiceName } from '../../../components/Service'
import { t, type MessageKey } from '../../../i18n/translate'
import { count, duration, percent } from '../../../time/format'
import { useParam } from '../../../url/state'
import type { ViewProps } from '../LazyView'
import { operations, type Operation } from './operations'
import { parseOrder, wantedRow, writeOrder } from './sorting'

const sums = ['count', 'errors', 'total', 'self', 'longest'] as const
type Sum = (typeof sums)[number]

const titles: Record<Sum, MessageKey> = {
  count: 'trace.list.count', errors: 'trace.errorCount', total: 'trace.list.total', self: 'trace.list.self', longest: 'trace.list.longest',
}
const most = 500

export function OperationTable({ trace, view, onSelect }: ViewProps) {
  const [written, setWritten] = useParam('sort', '-self')
  const order = parseOrder(written, sums, { by: 'self', descending: true })
  const all = useMemo(() => operations(trace, wantedRow(trace, view)), [trace, view.muted, view.errorsOnly, view.matches])
  const by = order.by as Sum
  const rows = [...all].sort((left, right) => (order.descending ? -1 : 1) * (left[by] - right[by])).slice(0, most)
  const whole = all.reduce((total, { self }) => total + self, 0) || 1
  return (
    <div class="operation-table" tabIndex={0} role="region" aria-label={t('trace.list.operations')}>
      {all.length > most && <p class="quiet">{t('trace.list.firstOf', { n: most, all: all.length })}</p>}
      <table class="grid-table">
        <thead>
          <tr>
            <th scope="col">{t('trace.list.service')}</th>
            <th scope="col">{t('trace.list.name')}</th>
            {sums.map((id) => (
              <th scope="col" class="right" key={id} aria-sort={id === by ? (order.descending ? 'descending' : 'ascending') : 'none'}>
                <button onClick={() => setWritten(writeOrder({ by: id, descending: id === by ? !order.descending : true }))}>
                  {t(titles[id])} {id === by && <Icon name={order.descending ? 'down' : 'up'} size={11} />}
                </button>
              </th>
            ))}
            <th scope="col" class="right">{t('trace.list.selfShare')}</th>
          </tr>
        </thead>
        <tbody>{rows.map((row) => <OperationRow key={`${row.service}\n${row.name}\n${row.kind}`} row={row} whole={whole} onSelect={onSelect} />)}</tbody>
      </table>
    </div>
  )
}

function OperationRow({ row, whole, onSelect }: { row: Operation; whole: number; onSelect: (row: number) => void }) {
  return (
    <tr>
      <td><ServiceName name={row.service} /></td>
      <td><button class="value" onClick={() => onSelect(row.longestRow)} title={t('trace.list.openLongest')}>{row.name}</button> <span class="tag">{row.kind}</span></td>
      <td class="right num">{count(row.count)}</td>
      <td class={`right num ${row.errors > 0 ? 'error-text' : 'quiet'}`}>{row.errors > 0 && <Icon name="error" size={12} />} {count(row.errors)}</td>
      <td class="right num">{duration(row.total)}</td>
      <td class="right num">{duration(row.self)}</td>
      <td class="right num">{duration(row.longest)}</td>
      <td class="right num">{percent(row.self / whole)}</td>
    </tr>
  )
}
