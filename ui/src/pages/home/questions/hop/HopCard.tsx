import { useSql } from '../../../../api/query'
import { ServiceName } from '../../../../components/Service'
import { t } from '../../../../i18n/translate'
import { count, duration, percent } from '../../../../time/format'
import { useFilters, useRange } from '../../../../url/state'
import { firstFault, OneInNote, Question, Say, ShareBar, useSampling } from '../Question'
import { traceSample } from '../sampling'
import { answerHop, type Hop } from './answer'
import { hopQuery } from './query'

export function HopCard() {
  const { range } = useRange()
  const filters = useFilters()
  const { sampling, loaded: probe } = useSampling(range)
  const sample = traceSample(sampling?.spans ?? 0)
  const query = sampling && hopQuery(range, filters, sample)
  const loaded = useSql(query?.text ?? null)
  return (
    <Question title="ask.hop" note={t('ask.hop.note')} query={query} of={firstFault(probe, loaded)} empty="ask.hop.none">
      {(rows) => {
        const hops = answerHop(rows)
        const [first] = hops
        if (!first) return <p class="quiet">{t('ask.hop.allFailed')}</p>
        const parts = { client: <ServiceName name={first.client} />, server: <ServiceName name={first.server} />, p50: duration(first.p50), p95: duration(first.p95), share: percent(first.share ?? 0) }
        return (
          <>
            <Say text={t(first.share === null ? 'ask.hop.answer' : 'ask.hop.answerShare')} parts={parts} />
            <div class="scroll-x" tabIndex={0} role="region" aria-label={t('ask.hop')}>
              <Edges hops={hops} />
            </div>
            <p class="aside">{t('ask.hop.explain')}</p>
            <OneInNote oneIn={sample.oneIn} />
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
            <td class="right" title={t('ask.hop.overrun', { overrun: count(hop.overrun), measured: count(hop.measured) })}>{count(hop.calls)}</td>
            <td class="right">{duration(hop.p50)} <span class="quiet">{t('ask.hop.of', { time: duration(hop.callP50) })}</span></td>
            <td class="right">{duration(hop.p95)}</td>
            <td>{hop.share === null ? '–' : <><ShareBar share={hop.share} /> {percent(hop.share)}</>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
