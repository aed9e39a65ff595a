import { useState } from 'preact/hooks'
import { Link, useLocation } from 'wouter-preact'
import { toObjects } from '../../../api/client'
import { useSql } from '../../../api/query'
import { Gate } from '../../../components/Notice'
import { Panel } from '../../../components/Panel'
import { ShowQuery } from '../../../components/ShowQuery'
import { t } from '../../../i18n/translate'
import { integer, sql, text, timestamp, type Sql } from '../../../sql/escape'
import { duration, stamp } from '../../../time/format'
import { parseTime } from '../../../time/nanoseconds'
import type { Trace } from '../trace'
import { rootName } from '../TraceFacts'
import { nameOf, serviceOf } from '../tree'

const hour = 3_600_000_000_000n

const few = 24

// Other traces that began with the same operation, an hour around: evenly from the quickest to the slowest.
const alikeQuery = (id: string, service: string, name: string, at: bigint): Sql => sql`WITH alike AS (
  SELECT trace_id, start_time, duration_ns, status_code,
    row_number() OVER (ORDER BY duration_ns) AS place, count(*) OVER () AS total
  FROM spans
  WHERE service_name = ${text(service)} AND name = ${text(name)} AND parent_span_id IS NULL
    AND trace_id <> ${text(id)} AND start_time >= ${timestamp(at - hour)} AND start_time < ${timestamp(at + hour)}
)
SELECT trace_id, start_time, duration_ns, status_code
FROM alike
WHERE place = 1 OR place = total OR place % greatest(total / ${integer(few)}, 1) = 0
ORDER BY duration_ns
LIMIT 60`

export function ChooseOther({ id, trace }: { id: string; trace: Trace }) {
  const [, navigate] = useLocation()
  const [typed, setTyped] = useState('')
  const root = trace.tree.spanOf.findIndex((span) => span >= 0)
  const query = alikeQuery(id, serviceOf(trace.tree, root), nameOf(trace.tree, root), trace.origin)
  const alike = useSql(query.text)
  const valid = /^[0-9a-f]{1,32}$/i.test(typed.trim())
  const go = (event: Event) => {
    event.preventDefault()
    if (valid) navigate(`/trace/${id}/diff/${typed.trim().toLowerCase().padStart(32, '0')}`)
  }
  return (
    <div class="page">
      <form class="row wrap diff-form" onSubmit={go}>
        <label class="row">
          {t('trace.diff.typed')}
          <input class="field mono" data-search value={typed} size={34} onInput={(event) => setTyped(event.currentTarget.value)} />
        </label>
        <button class="button primary" disabled={!valid}>{t('trace.compare')}</button>
      </form>
      <Panel title={t('trace.diff.alike', { name: rootName(trace.tree) })} note={t('trace.diff.alike.note')} tools={<ShowQuery query={query} />}>
        <Gate of={alike}>
          {(answer) => {
            const rows = toObjects(answer)
            if (rows.length === 0) return <p class="quiet">{t('trace.diff.alike.none')}</p>
            return (
              <table class="grid-table">
                <thead><tr><th scope="col">{t('trace.start')}</th><th scope="col">trace_id</th><th scope="col" class="right">{t('trace.duration')}</th><th scope="col">status</th></tr></thead>
                <tbody>
                  {rows.map((row) => (
                    <tr key={String(row['trace_id'])}>
                      <td class="num">{stamp(parseTime(String(row['start_time'])))}</td>
                      <td class="mono"><Link href={`/trace/${id}/diff/${String(row['trace_id'])}`}>{String(row['trace_id'])}</Link></td>
                      <td class="right num">{duration(Number(row['duration_ns']))}</td>
                      <td>{row['status_code'] === 'ERROR' ? <span class="tag error">ERROR</span> : <span class="quiet">{String(row['status_code'])}</span>}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )
          }}
        </Gate>
      </Panel>
    </div>
  )
}
