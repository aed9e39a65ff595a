import { Link } from 'wouter-preact'
import { toObjects } from '../../../../api/client'
import { useSql } from '../../../../api/query'
import { ServiceName } from '../../../../components/Service'
import { CopyButton } from '../../../../components/Copy'
import { t } from '../../../../i18n/translate'
import { compact, duration, percent } from '../../../../time/format'
import { linkTo, useFilters, useRange } from '../../../../url/state'
import { firstFault, OneInNote, Question, SamplingNote, Say, ShareBar, useSampling } from '../Question'
import { traceSample } from '../sampling'
import { answerStatements, type Statement } from './answer'
import { repeatsQuery, statementsQuery } from './query'

export function StatementsCard() {
  const { range } = useRange()
  const filters = useFilters()
  const { sampling, sent, loaded: probe } = useSampling(range)
  const sample = traceSample(sampling?.spans ?? 0)
  const query = sampling && statementsQuery(range, filters, sampling.sampled, sent)
  const loaded = useSql(query?.text ?? null)
  const loops = useSql(query && (loaded.data?.rows.length ?? 0) > 0 ? repeatsQuery(range, filters, sample, sent).text : null)
  return (
    <Question title="ask.statements" note={t('ask.statements.note')} query={query} of={firstFault(probe, loaded)} empty="ask.statements.none">
      {(rows) => {
        const statements = answerStatements(rows, loops.data ? toObjects(loops.data) : [])
        const [first] = statements
        if (!first) return <p class="quiet">{t('ask.statements.none')}</p>
        return (
          <>
            <Say
              text={t('ask.statements.answer', { n: Math.round(first.calls) })}
              parts={{ total: duration(first.total), share: percent(first.share), mean: duration(first.mean) }}
            />
            <ol class="statements">
              {statements.slice(0, 6).map((statement) => <Line key={statement.statement} of={statement} />)}
            </ol>
            {loops.fault && <p class="aside error-text">{t(`fault.${loops.fault.kind}`)}: {loops.fault.message}</p>}
            <OneInNote oneIn={sample.oneIn} />
            <SamplingNote sampling={sampling} />
          </>
        )
      }}
    </Question>
  )
}

const textMost = 400

function Line({ of: one }: { of: Statement }) {
  const { statement, calls, total, mean, p95, share, failed, system, callers, slowest, repeats } = one
  return (
    <li>
      <code class="statement" title={statement.slice(0, 2000)}>{statement.slice(0, textMost)}</code>
      <CopyButton text={statement} />
      <div class="statement-facts num">
        <ShareBar share={share} />
        <b>{duration(total)}</b>
        <span>{t('ask.statements.times', { calls: compact(Math.round(calls)), mean: duration(mean) })}</span>
        <span>p95 {duration(p95)}</span>
        {callers.slice(0, 3).map((caller) => <ServiceName key={caller} name={caller} />)}
        {callers.length > 3 && <span class="quiet">+{callers.length - 3}</span>}
        {system && <span class="tag">{system}</span>}
        {failed > 0 && <span class="tag error">{t('home.failedOf', { n: failed })}</span>}
        {repeats && (
          <Link class="tag warn" href={linkTo(`/trace/${repeats.traceId}`)} title={t('ask.statements.loop', { most: repeats.most, n: repeats.parents })}>
            N+1 ×{repeats.most}
          </Link>
        )}
        <Link href={linkTo(`/trace/${slowest.traceId}`, { span: slowest.spanId })}>{t('ask.statements.slowest')}</Link>
      </div>
    </li>
  )
}
