import { useMemo } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { toObjects } from '../../../../api/client'
import { useSql, useStatus } from '../../../../api/query'
import { Icon, type IconName } from '../../../../components/Icon'
import { ServiceName } from '../../../../components/Service'
import { Sparkline } from '../../../../components/Sparkline'
import { t } from '../../../../i18n/translate'
import { count, duration } from '../../../../time/format'
import { toMilliseconds } from '../../../../time/nanoseconds'
import { bucketSeconds, bucketStarts } from '../../../../time/range'
import { linkTo, useFilters, useRange } from '../../../../url/state'
import { serviceTrendQuery, trendSeries, trendBuckets } from '../../queries'
import { Question, Say } from '../Question'
import { answerUp, type ServiceState, type State } from './answer'
import { upQuery, upRange } from './query'

const icons: Record<State, IconName> = { receiving: 'check', failing: 'error', silent: 'pause', unknown: 'help' }

export function UpCard() {
  const { range } = useRange()
  const filters = useFilters()
  const query = upQuery(upRange(range), filters)
  const loaded = useSql(query.text)
  const status = useStatus()
  const seconds = bucketSeconds(range, trendBuckets)
  const trends = useSql(serviceTrendQuery(range, filters, seconds).text)
  const series = useMemo(() => trendSeries(trends.data ? toObjects(trends.data) : [], bucketStarts(range, seconds)), [trends.data])
  const now = toMilliseconds(range.to)
  const since = status.data ? Date.parse(status.data.started_at) : null
  return (
    <Question title="ask.up" note={t('ask.up.note')} query={query} of={loaded} height={130} empty="ask.up.none">
      {(rows) => {
        const states = answerUp(rows, now, since)
        return (
          <>
            <Summary states={states} />
            <ul class="states" tabIndex={0} aria-label={t('ask.up')}>
              {states.map((state) => {
                const trend = series.get(state.name)
                return (
                  <li key={state.name}>
                    <span class={`state ${state.state}`}><Icon name={icons[state.state]} size={14} /></span>
                    <ServiceName name={state.name} />
                    <span class="state-text">{stateText(state, now, since)}</span>
                    {trend && <Sparkline values={trend.spans} errors={trend.errors} width={84} height={18} label={t('home.trendOf', { service: state.name })} />}
                  </li>
                )
              })}
            </ul>
          </>
        )
      }}
    </Question>
  )
}

function Summary({ states }: { states: ServiceState[] }) {
  const having = (state: State) => states.filter((one) => one.state === state).length
  const [receiving, silent, failing, unknown] = [having('receiving'), having('silent'), having('failing'), having('unknown')]
  if (receiving === states.length) return <Say text={t('ask.up.all', { n: states.length })} />
  if (receiving + unknown === states.length) return <Say text={t('ask.up.tooEarly', { n: receiving, total: states.length })} />
  if (silent === states.length) {
    return (
      <>
        <Say text={t('ask.up.allSilent', { n: states.length })} />
        <p class="aside">
          {t('ask.up.allSilent.hint')} <Link href={linkTo('/connect', {}, [])}>{t('nav.connect')}</Link>
        </p>
      </>
    )
  }
  return (
    <>
      <Say text={t('ask.up.some', { n: receiving, total: states.length })} />
      <p class="aside">
        {failing > 0 && <span class="tag error">{t('ask.up.failing.n', { n: failing })}</span>}{' '}
        {silent > 0 && <span class="tag warn">{t('ask.up.silent.n', { n: silent })}</span>} {silent > 0 && t('ask.up.silent.hint')}
      </p>
    </>
  )
}

// Seconds say nothing about a silence of minutes.
const silence = (milliseconds: number): string => duration(Math.round(milliseconds / 60_000) * 60e9)

function stateText({ state, lastSeen, requests, failed }: ServiceState, now: number, since: number | null): string {
  if (state === 'silent') return t('ask.up.silent', { time: silence(now - lastSeen) })
  if (state === 'failing') return t('ask.up.failing', { failed: count(failed), requests: count(requests) })
  if (state === 'unknown') return t('ask.up.unknown', { time: duration((now - (since ?? now)) * 1e6) })
  return t('ask.up.receiving')
}
