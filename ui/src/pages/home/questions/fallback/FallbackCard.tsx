import { useMemo } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { Icon } from '../../../../components/Icon'
import { ServiceName } from '../../../../components/Service'
import { t } from '../../../../i18n/translate'
import { count, percent } from '../../../../time/format'
import { linkTo } from '../../../../url/state'
import { Nothing, Question, SamplingNote, Say, ShareBar } from '../Question'
import { useTroubled } from '../troubled/useTroubled'
import { answerFallback, verdict, type Fallback, type Survival } from './answer'

export function FallbackCard() {
  const { query, loaded, trees, sampling } = useTroubled()
  const edges = useMemo(() => (trees ? answerFallback(trees) : []), [trees])
  return (
    <Question title="ask.fallback" query={query} of={loaded}>
      {() => {
        const [first] = edges
        if (sampling?.spans === 0) return <Nothing text="ask.requests.none" />
        if (!first) return <p class="answer"><span class="ok-text"><Icon name="check" size={16} /></span> {t('ask.fallback.none')}</p>
        return (
          <>
            {first.silent.requests > 0 && <Sentence of={first} how="silent" />}
            {first.failed.requests > 0 && <Sentence of={first} how="failed" />}
            <div class="scroll-x" tabIndex={0} role="region" aria-label={t('ask.fallback')}>
              <Edges edges={edges} />
            </div>
            <p class="aside">{t('ask.fallback.explain')} {t(trees?.partial ? 'ask.troubled.newest' : 'ask.troubled.all', { n: trees?.traces ?? 0 })}</p>
            <SamplingNote sampling={sampling} />
          </>
        )
      }}
    </Question>
  )
}

function Sentence({ of: edge, how }: { of: Fallback; how: 'silent' | 'failed' }) {
  const { requests, survived } = edge[how]
  const parts = { caller: <ServiceName name={edge.caller} />, callee: <ServiceName name={edge.callee} plain={edge.peer} /> }
  const numbers = { survived: count(Math.round(survived)), n: Math.round(requests), share: percent(survived / requests) }
  return (
    <div class="verdict">
      <Say text={t(how === 'silent' ? 'ask.fallback.silent' : 'ask.fallback.failed', numbers)} parts={parts} />
      <Verdict of={edge[how]} />
    </div>
  )
}

const tones = { yes: 'ok', partly: 'warn', no: 'error' } as const

function Verdict({ of: survival }: { of: Survival }) {
  const judged = verdict(survival)
  return <span class={`tag ${tones[judged]}`}><Icon name={judged === 'yes' ? 'check' : judged === 'no' ? 'error' : 'warn'} size={12} /> {t(`ask.fallback.${judged}`)}</span>
}

function Edges({ edges }: { edges: Fallback[] }) {
  return (
    <table class="facts-table num">
      <thead>
        <tr>
          <th scope="col">{t('ask.edge')}</th>
          <th scope="col">{t('ask.fallback.whenSilent')}</th>
          <th scope="col">{t('ask.fallback.whenFailed')}</th>
        </tr>
      </thead>
      <tbody>
        {edges.slice(0, 6).map((edge) => (
          <tr key={`${edge.caller} ${edge.callee}`}>
            <td class="edge"><ServiceName name={edge.caller} /> → <ServiceName name={edge.callee} plain={edge.peer} /></td>
            <td><Share of={edge.silent} /></td>
            <td><Share of={edge.failed} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Share({ of: { requests, survived, traceId } }: { of: Survival }) {
  if (requests === 0) return <span class="quiet">–</span>
  return (
    <>
      <ShareBar share={survived / requests} kind="good" />{' '}
      <Link href={linkTo(`/trace/${traceId ?? ''}`)} title={t('ask.example')}>
        {t('ask.fallback.count', { survived: count(Math.round(survived)), requests: count(Math.round(requests)) })}
      </Link>
    </>
  )
}
