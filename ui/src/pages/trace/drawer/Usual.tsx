import { toObjects } from '../../../api/client'
import { useSql } from '../../../api/query'
import { ShowQuery } from '../../../components/ShowQuery'
import { t } from '../../../i18n/translate'
import { sql, text, timestamp, type Sql } from '../../../sql/escape'
import { duration } from '../../../time/format'
import type { Trace } from '../trace'
import { kindOf, nameOf, serviceOf } from '../tree'

const hour = 3_600_000_000_000n

// How long this operation takes, an hour around the trace.
export const usualQuery = (service: string, name: string, kind: string, at: bigint): Sql => sql`SELECT count(*) AS calls, duration_quantiles(duration_ns) AS quantiles
FROM spans
WHERE service_name = ${text(service)} AND name = ${text(name)} AND kind = ${text(kind)}
  AND start_time >= ${timestamp(at - hour)} AND start_time < ${timestamp(at + hour)}
LIMIT 1`

export function Usual({ trace: { tree, origin }, row }: { trace: Trace; row: number }) {
  const query = usualQuery(serviceOf(tree, row), nameOf(tree, row), kindOf(tree, row), origin)
  const { data, fault } = useSql(query.text, { keepPrevious: false })
  if (fault) return <p class="quiet">{fault.message}</p>
  const found = data ? toObjects(data)[0] : undefined
  const [p50, p95] = ((found?.['quantiles'] ?? []) as unknown[]).map(Number)
  const calls = Number(found?.['calls'] ?? 0)
  if (p50 === undefined || p95 === undefined) return <p class="usual quiet">{t(data ? 'trace.usual.none' : 'shell.loading')}</p>
  const length = tree.duration[row] as number
  const verdict = calls < 5 ? null : length > p95 ? 'slow' : length <= p50 ? 'quick' : 'usual'
  return (
    <div class="usual row wrap">
      <span>{t('trace.usual', { p50: duration(p50), p95: duration(p95), n: calls })}</span>
      {verdict && <span class={`tag ${verdict === 'slow' ? 'warn' : verdict === 'quick' ? 'ok' : ''}`}>{t(`trace.usual.${verdict}`)}</span>}
      <span class="push" />
      <ShowQuery query={query} />
    </div>
  )
}
