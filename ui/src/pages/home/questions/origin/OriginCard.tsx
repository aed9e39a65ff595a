import { useMemo } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { Icon } from '../../../../components/Icon'
import { ServiceName } from '../../../../components/Service'
import { t } from '../../../../i18n/translate'
import { count, percent } from '../../../../time/format'
import { linkTo } from '../../../../url/state'
import { Nothing, Question, SamplingNote, Say } from '../Question'
import { useTroubled } from '../troubled/useTroubled'
import { answerOrigins, type ServiceOrigins } from './answer'

export function OriginCard() {
  const { query, loaded, trees, sampling } = useTroubled()
  const answers = useMemo(() => (trees ? answerOrigins(trees) : []), [trees])
  return (
    <Question title="ask.origin" query={query} of={loaded}>
      {() => {
        const [first] = answers
        if (sampling?.spans === 0) return <Nothing text="ask.requests.none" />
        if (!first) {
          return <p class="answer"><span class="ok-text"><Icon name="check" size={16} /></span> {t('ask.origin.none')}</p>
        }
        return (
          <>
            <Sentence of={first} />
            <ul class="origins">
              {answers.slice(0, 5).map((answer) => <Service key={answer.service} of={answer} />)}
            </ul>
            <p class="legend">
              <span><i class="own" /> {t('ask.origin.own')}</span>
              <span><i class="elsewhere" /> {t('ask.origin.elsewhere')}</span>
              <span><i class="unknown" /> {t('ask.origin.unknown')}</span>
            </p>
            <p class="aside">{t(trees?.partial ? 'ask.troubled.newest' : 'ask.troubled.all', { n: trees?.traces ?? 0 })}</p>
            <SamplingNote sampling={sampling} />
          </>
        )
      }}
    </Question>
  )
}

function Sentence({ of: answer }: { of: ServiceOrigins }) {
  const { service, failures, unknown, from, own } = answer
  const [top] = from
  const total = Math.round(failures)
  const parts = { service: <ServiceName name={service} />, origin: top ? <ServiceName name={top.service} /> : '' }
  if (top) return <Say text={t('ask.origin.from', { n: Math.round(top.failures), total, share: percent(top.failures / failures) })} parts={parts} />
  if (own === 0) return <Say text={t('ask.origin.allUnknown', { n: total })} parts={parts} />
  return <Say text={t('ask.origin.allOwn', { n: Math.round(own), total, share: percent((failures - unknown) / failures) })} parts={parts} />
}

function Service({ of: answer }: { of: ServiceOrigins }) {
  const { service, failures, own, elsewhere, unknown, from, peers } = answer
  const part = (value: number, kind: string) => value > 0 && <i class={kind} style={{ flexGrow: value }} />
  const label = t('ask.origin.split', { own: count(Math.round(own)), elsewhere: count(Math.round(elsewhere)), unknown: count(Math.round(unknown)) })
  return (
    <li>
      <ServiceName name={service} />
      <span class="split-bar" role="img" aria-label={label} title={label}>
        {part(own, 'own')}{part(elsewhere, 'elsewhere')}{part(unknown, 'unknown')}
      </span>
      <span class="num">{count(Math.round(failures))}</span>
      <span class="origin-links num">
        {from.slice(0, 3).map((origin) => (
          <Link key={origin.service} href={linkTo(`/trace/${origin.traceId}`)} title={t('ask.example')}>
            {t('ask.origin.count', { n: Math.round(origin.failures), service: origin.service })}
          </Link>
        ))}
        {unknown > 0 && <span class="quiet">{t('ask.origin.unknownCount', { n: Math.round(unknown) })}{peers.length > 0 ? ` (${peers.slice(0, 3).join(', ')})` : ''}</span>}
      </span>
    </li>
  )
}
