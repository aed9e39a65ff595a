import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { toObjects } from '../../../api/client'
import { useSql } from '../../../api/query'
import { BigText } from '../../../components/BigText'
import { Failed, Skeleton } from '../../../components/Notice'
import { ShowQuery } from '../../../components/ShowQuery'
import { t } from '../../../i18n/translate'
import { bandOf } from '../../../sql/severity'
import { duration, stamp } from '../../../time/format'
import { parseTime } from '../../../time/nanoseconds'
import { withFilters } from '../../../url/state'
import { logsQuery } from '../source'

export function SpanLogs({ traceId, spanId, origin }: { traceId: string; spanId: string; origin: bigint }) {
  const [whole, setWhole] = useState(false)
  const query = logsQuery(traceId, whole ? null : spanId)
  const loaded = useSql(query.text, { keepPrevious: false })
  const rows = loaded.data ? toObjects(loaded.data) : []
  return (
    <>
      <div class="row">
        <button class="button small" aria-pressed={!whole} onClick={() => setWhole(false)}>
          {t('trace.logs.span')}
        </button>
        <button class="button small" aria-pressed={whole} onClick={() => setWhole(true)}>
          {t('trace.logs.trace')}
        </button>
        <span class="push" />
        <ShowQuery query={query} />
        <Link class="button small plain" href={withFilters('/logs', [{ key: 'trace_id', op: '=', value: traceId }])}>
          {t('trace.logs.open')}
        </Link>
      </div>
      {loaded.fault && <Failed fault={loaded.fault} />}
      {loaded.loading && <Skeleton />}
      {loaded.data && rows.length === 0 && <p class="quiet drawer-section">{t(whole ? 'trace.logs.noneTrace' : 'trace.logs.noneSpan')}</p>}
      <ul class="drawer-logs">
        {rows.map((log, index) => {
          const band = bandOf(Number(log['severity_number']))
          const time = parseTime(String(log['time']))
          return (
            <li key={index} class={`sev sev-${band.name} ${whole && log['span_id'] === spanId ? 'own' : ''}`}>
              <span class="num quiet" title={stamp(time)}>+{duration(Number(time - origin))}</span>
              <b>{band.name}</b>
              <span class="mono"><BigText text={String(log['body'] ?? '')} /></span>
            </li>
          )
        })}
      </ul>
    </>
  )
}
