import type { ComponentChildren } from 'preact'
import { toObjects, type Row } from '../../../../api/client'
import { useSql, type Loaded } from '../../../../api/query'
import type { SqlAnswer } from '../../../../api/types'
import { ServiceName } from '../../../../components/Service'
import { t } from '../../../../i18n/translate'
import type { Sql } from '../../../../sql/escape'
import { count, duration, percent } from '../../../../time/format'
import { useFilters, useRange } from '../../../../url/state'
import { isCounted } from '../../../services/red'
import { firstFault, OneInNote, Question, Say, ShareBar, useSampling } from '../Question'
import { traceSample } from '../sampling'
import { answerHop, withShares, type Hop } from './answer'
import { countedHopQuery, hopIsCounted, hopQuery, sharesRange } from './query'

interface Hops {
  query: Sql | null
  loaded: Loaded<SqlAnswer>
  read: (rows: Row[]) => Hop[]
  note: ComponentChildren
}

function useHops(): Hops {
  const { range } = useRange()
  const filters = useFilters()
  const counted = hopIsCounted(range, filters)
  const { sampling, loaded: probe } = useSampling(range, isCounted(range, filters))
  const sample = traceSample(counted ? 0 : (sampling?.spans ?? 0))
  const part = sharesRange(range, sampling?.spans ?? 0)
  const single = sampling && hopQuery(counted ? part : range, filters, sample)
  const ofSpans = useSql(single?.text ?? null)
  const ofCounts = useSql(counted ? countedHopQuery(range, filters).text : null)
  if (!counted) return { query: single, loaded: firstFault(probe, ofSpans), read: answerHop, note: <><p class="aside">{t('ask.hop.explain')}</p><OneInNote oneIn={sample.oneIn} /></> }
  const shares = ofSpans.data ? answerHop(toObjects(ofSpans.data)) : []
  const newest = part.from > range.from && shares.length > 0 ? ` ${t('ask.hop.newest', { time: duration(Number(part.to - part.from)) })}` : ''
  return {
    query: countedHopQuery(range, filters),
    loaded: ofCounts,
    read: (rows) => withShares(answerHop(rows), shares),
    note: <p class="aside">{t('ask.hop.explain.counted')}{newest}</p>,
  }
}

export function HopCard() {
  const { query, loaded, read, note } = useHops()
  return (
    <Question title="ask.hop" note={t('ask.hop.note')} query={query} of={loaded} empty="ask.hop.none">
      {(rows) => {
        const hops = read(rows)
        const [first] = hops
        if (!first) return <p class="quiet">{t('ask.hop.allFailed')}</p>
        const parts = { client: <ServiceName name={first.client} />, server: <ServiceName name={first.server} />, p50: duration(first.p50), p95: duration(first.p95), share: percent(first.share ?? 0) }
        return (
          <>
            <Say text={t(first.share === null ? 'ask.hop.answer' : 'ask.hop.answerShare')} parts={parts} />
            <div class="scroll-x" tabIndex={0} role="region" aria-label={t('ask.hop')}>
              <Edges hops={hops} />
            </div>
            {note}
          </>
        )
      }}
    </Question>
  )
}

function Edges({ hops }: { hops: Hop[] }) {
  return (
    <table class="facts-table num">
      <thead>
        <tr>
          <th scope="col">{t('ask.edge')}</th>
          <th scope="col" class="right">{t('ask.calls')}</th>
          <th scope="col" class="right">p50</th>
          <th scope="col" class="right">p95</th>
          <th scope="col">{t('ask.hop.share')}</th>
        </tr>
      </thead>
      <tbody>
        {hops.slice(0, 6).map((hop) => (
          <tr key={`${hop.client} ${hop.server}`}>
            <td class="edge"><ServiceName name={hop.client} /> → <ServiceName name={hop.server} /></td>
            <td class="right" title={hop.overrun === null ? undefined : t('ask.hop.overrun', { overrun: count(hop.overrun), measured: count(hop.measured) })}>{count(hop.calls)}</td>
            <td class="right">{duration(hop.p50)} <span class="quiet">{t('ask.hop.of', { time: duration(hop.callP50) })}</span></td>
            <td class="right">{duration(hop.p95)}</td>
            <td>{hop.share === null ? '–' : <><ShareBar share={hop.share} /> {percent(hop.share)}</>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
