// Kinds of messages: how often each was logged, when, and which are new.
import { useMemo } from 'preact/hooks'
import { toObjects, type Row } from '../../../api/client'
import { useSql } from '../../../api/query'
import { Icon } from '../../../components/Icon'
import { Gate, NothingMatches } from '../../../components/Notice'
import { ShowQuery } from '../../../components/ShowQuery'
import { Sparkline } from '../../../components/Sparkline'
import { t } from '../../../i18n/translate'
import { bandOf } from '../../../sql/severity'
import { compact, count } from '../../../time/format'
import { bucketSeconds, bucketStarts } from '../../../time/range'
import type { LogScope } from '../queries'
import { ignores, isMask, partsOf, patternsQuery, searchOf, trendsQuery } from './queries'
import './patterns.css'

const most = 200
const bars = 40

interface PatternsProps {
  scope: LogScope
  onSearch: (search: string) => void
}

export function Patterns({ scope, onSearch }: PatternsProps) {
  const query = patternsQuery(scope, most)
  const loaded = useSql(query.text)
  const rows = useMemo(() => (loaded.data ? toObjects(loaded.data) : []), [loaded.data])
  const seconds = Math.max(60, bucketSeconds(scope.range, bars))
  const trends = useSql(rows.length > 0 ? trendsQuery(scope, rows.map(({ pattern_id: id }) => String(id)), seconds).text : null)
  const times = useMemo(() => bucketStarts(scope.range, seconds), [scope.range, seconds])
  const byPattern = useMemo(() => trendsOf(trends.data ? toObjects(trends.data) : [], times), [trends.data, times])
  return (
    <>
      <div class="log-head">
        <span class="num">{t('logs.patterns.count', { n: rows.length })}</span>
        {ignores(scope) && <span class="tag">{t('logs.patterns.ignored')}</span>}
        <span class="push" />
        <ShowQuery query={query} />
      </div>
      <Gate of={loaded} height={300}>
        {() => rows.length === 0
          ? <><NothingMatches /><p class="quiet patterns-hint">{t('logs.patterns.none')}</p></>
          : (
            <ul class="patterns" aria-label={t('logs.patterns')}>
              {rows.map((row) => <Pattern key={String(row['pattern_id'])} row={row} trend={byPattern.get(String(row['pattern_id'])) ?? []} onSearch={onSearch} />)}
            </ul>
          )}
      </Gate>
    </>
  )
}

function Pattern({ row, trend, onSearch }: { row: Row; trend: readonly number[]; onSearch: (search: string) => void }) {
  const pattern = String(row['pattern'])
  const records = Number(row['records'])
  const search = searchOf(pattern)
  return (
    <li>
      <button class="pattern" disabled={search === ''} onClick={() => onSearch(search)} title={row['sample'] === null ? pattern : String(row['sample'])}>
        <span class="num pattern-count" title={count(records)}>{compact(records)}</span>
        <Sparkline values={trend} label={t('logs.patterns.trend', { n: records })} width={120} height={20} />
        <span class={`sev sev-${bandOf(Number(row['severity'])).name}`}><i /></span>
        <span class="mono pattern-text">{partsOf(pattern).map((part, index) => (isMask(part) ? <mark key={index}>{part}</mark> : part))}</span>
        {row['is_new'] === true && <span class="tag warn"><Icon name="live" size={11} /> {t('logs.patterns.new')}</span>}
      </button>
    </li>
  )
}

function trendsOf(rows: readonly Row[], times: readonly number[]): Map<string, number[]> {
  const places = new Map(times.map((time, index) => [time, index]))
  const out = new Map<string, number[]>()
  for (const row of rows) {
    const id = String(row['pattern_id'])
    const values = out.get(id) ?? times.map(() => 0)
    const place = places.get(Number(row['second']))
    if (place !== undefined) values[place] = (values[place] ?? 0) + Number(row['records'])
    out.set(id, values)
  }
  return out
}
