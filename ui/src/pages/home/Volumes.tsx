import { useMemo } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { toObjects } from '../../api/client'
import { useSql } from '../../api/query'
import { Gate } from '../../components/Notice'
import { Panel } from '../../components/Panel'
import { ShowQuery } from '../../components/ShowQuery'
import { TimeChart, type Series } from '../../components/TimeChart'
import { t } from '../../i18n/translate'
import type { Sql } from '../../sql/escape'
import { compact, rate } from '../../time/format'
import { bucketSeconds, bucketStarts } from '../../time/range'
import { linkTo, useFilters, useRange } from '../../url/state'
import { logVolumeQuery, metricVolumeQuery, spanVolumeQuery } from './queries'

export function Volumes() {
  const { range } = useRange()
  const filters = useFilters()
  const seconds = bucketSeconds(range, 60)
  return (
    <div class="volumes">
      <Volume title={t('home.spans')} link="/traces" query={spanVolumeQuery(range, filters, seconds)} seconds={seconds} />
      <Volume title={t('home.logs')} link="/logs" query={logVolumeQuery(range, filters, seconds)} seconds={seconds} />
      <Volume title={t('home.metrics')} link="/sql" query={metricVolumeQuery(range, filters, seconds)} seconds={seconds} />
    </div>
  )
}

function Volume({ title, link, query, seconds }: { title: string; link: string; query: Sql; seconds: number }) {
  const { range } = useRange()
  const loaded = useSql(query.text)
  const chart = useMemo(() => {
    const times = bucketStarts(range, seconds)
    const place = new Map(times.map((time, index) => [time, index]))
    const fine = new Array<number>(times.length).fill(0)
    const failed = new Array<number>(times.length).fill(0)
    for (const row of loaded.data ? toObjects(loaded.data) : []) {
      const index = place.get(Number(row['second']))
      if (index === undefined) continue
      fine[index] = Number(row['fine'])
      failed[index] = Number(row['failed'] ?? 0)
    }
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
    const series: Series[] = [
      { label: t('home.errors'), values: failed, colour: (colours) => colours.error },
      { label: t('home.fine'), values: fine, colour: (colours) => colours.services[0] ?? colours.info },
    ]
    return { times, series: sum(failed) > 0 ? series : series.slice(1), total: sum(fine) + sum(failed), failed: sum(failed) }
  }, [loaded.data])
  const perSecond = chart.total / (Number(range.to - range.from) / 1e9)
  return (
    <Panel title={<Link href={linkTo(link)}>{title}</Link>} tools={<ShowQuery query={query} />}>
      <Gate of={loaded} height={112}>
        {() => (
          <>
            <p class="volume-sum num">
              <b>{compact(chart.total)}</b>
              <span>{t('home.perSecond', { rate: rate(perSecond) })}</span>
              {chart.failed > 0 && <span class="error-text">{t('home.failedOf', { n: chart.failed })}</span>}
            </p>
            {chart.total === 0 ? <p class="quiet volume-none">{t('home.noneInRange')}</p> : <TimeChart title={title} times={chart.times} series={chart.series} kind="bars" height={84} />}
          </>
        )}
      </Gate>
    </Panel>
  )
}
