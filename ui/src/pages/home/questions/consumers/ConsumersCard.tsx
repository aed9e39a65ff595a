import { toObjects } from '../../../../api/client'
import { useSql } from '../../../../api/query'
import { Value } from '../../../../components/Value'
import { t } from '../../../../i18n/translate'
import { compact, duration, percent } from '../../../../time/format'
import { useFilters, useParam, useRange } from '../../../../url/state'
import { firstFault, Question, SamplingNote, Say, ShareBar, useSampling } from '../Question'
import { userKeys } from '../conventions'
import { answerConsumers, measures, ranked, share, type Consumer, type ConsumersAnswer, type Measure } from './answer'
import { consumersQuery, costsQuery } from './query'

const shown: Record<Measure, (value: number) => string> = {
  requests: (value) => compact(Math.round(value)),
  spent: duration,
  database: duration,
  tokens: (value) => compact(Math.round(value)),
}

export function ConsumersCard() {
  const { range } = useRange()
  const filters = useFilters()
  const { sampling, sent, loaded: probe } = useSampling(range)
  const [by, setBy] = useParam('by', 'requests')
  const measure = measures.find((one) => one === by) ?? 'requests'
  const query = sampling && consumersQuery(range, filters, sampling.sampled, sent, measure)
  const loaded = useSql(query?.text ?? null)
  // Most send one of the two; filtering takes the one that is there.
  const field = userKeys.find(sent) ?? 'user.id'
  const users = loaded.data ? answerConsumers(toObjects(loaded.data), []).consumers.map(({ user }) => user) : []
  const costs = useSql(sampling && users.length > 0 ? costsQuery(range, filters, sampling.sampled, users, sent).text : null)
  return (
    <Question title="ask.consumers" query={query} of={firstFault(probe, loaded)} empty="ask.consumers.none">
      {(rows) => {
        const answer = answerConsumers(rows, costs.data ? toObjects(costs.data) : [])
        const offered = measures.filter((one) => one === 'requests' || answer.totals[one] > 0)
        const order = ranked(answer.consumers, measure)
        return (
          <>
            <Sentence answer={answer} first={order[0]} measure={measure} field={field} />
            <div class="segmented" role="group" aria-label={t('ask.consumers.by')}>
              {offered.map((one) => (
                <button key={one} type="button" aria-pressed={one === measure} onClick={() => setBy(one, { replace: true })}>{t(`ask.measure.${one}`)}</button>
              ))}
            </div>
            <Table consumers={order} answer={answer} measure={measure} offered={offered} field={field} />
            {answer.users > order.length && <p class="aside">{t(measure === 'requests' || measure === 'spent' ? 'ask.consumers.all' : 'ask.consumers.note', { n: answer.users })}</p>}
            {costs.fault && <p class="aside error-text">{t(`fault.${costs.fault.kind}`)}: {costs.fault.message}</p>}
            <SamplingNote sampling={sampling} />
          </>
        )
      }}
    </Question>
  )
}

function Sentence({ answer, first, measure, field }: { answer: ConsumersAnswer; first: Consumer | undefined; measure: Measure; field: string }) {
  if (!first) return <p class="quiet">{t('ask.consumers.none')}</p>
  const parts = { user: <Value field={field} value={first.user} />, value: shown[measure](first[measure]), share: percent(share(first[measure], answer.totals[measure])), measure: t(`ask.measure.${measure}`) }
  return <Say text={t('ask.consumers.answer')} parts={parts} />
}

interface TableProps {
  consumers: Consumer[]
  answer: ConsumersAnswer
  measure: Measure
  offered: Measure[]
  field: string
}

function Table({ consumers, answer, measure, offered, field }: TableProps) {
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label={t('ask.consumers')}>
      <table class="facts-table num">
        <thead>
          <tr>
            <th scope="col">{t('ask.consumers.user')}</th>
            <th scope="col">{t('ask.share')}</th>
            {offered.map((one) => <th scope="col" class="right" key={one}>{t(`ask.measure.${one}`)}</th>)}
          </tr>
        </thead>
        <tbody>
          {consumers.map((consumer) => (
            <tr key={consumer.user}>
              <td><Value field={field} value={consumer.user} class="cut user" /></td>
              <td class="nowrap"><ShareBar share={share(consumer[measure], answer.totals[measure])} /> {percent(share(consumer[measure], answer.totals[measure]))}</td>
              {offered.map((one) => <td class="right" key={one}>{shown[one](consumer[one])}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
