import { useEffect, useRef, useState } from 'preact/hooks'
import { Link, useLocation } from 'wouter-preact'
import { ApiError, sendTestSpan } from '../../api/client'
import { useStatus } from '../../api/query'
import { useStream } from '../../api/stream'
import type { SignalName, StatusEvent } from '../../api/types'
import { CopyButton } from '../../components/Copy'
import { Icon } from '../../components/Icon'
import { Gate } from '../../components/Notice'
import { Panel } from '../../components/Panel'
import { ServiceName } from '../../components/Service'
import { Segmented, Tabs } from '../../components/Tabs'
import { t } from '../../i18n/translate'
import { TopBar } from '../../shell/TopBar'
import { count, rate } from '../../time/format'
import { linkTo, useParam } from '../../url/state'
import { diagnose } from './diagnosis'
import { recipes, type Addresses, type Recipe, type Setup } from './recipes'
import './connect.css'

export default function ConnectPage() {
  const status = useStatus()
  const [event, setEvent] = useState<StatusEvent | null>(null)
  useStream<StatusEvent>('api/events', 'status', setEvent)
  return (
    <>
      <TopBar title={t('nav.connect')} />
      <div class="page connect">
        <div class="connect-lead">
          <h2>{t('connect.lead')}</h2>
          <p>{t('connect.lead.text')}</p>
        </div>
        <div class="connect-grid">
          <Gate of={status} height={360}>
            {(data) => <Recipes addresses={{ grpc: data.addresses.otlp_grpc, http: data.addresses.otlp_http }} />}
          </Gate>
          <div class="stack">
            <Lights event={event} />
            <TestSpan />
            <Diagnoses event={event} />
            <Panel title={t('connect.addresses')}>
              <Gate of={status} height={80}>
                {(data) => (
                  <ul class="addresses">
                    <Address name="OTLP/gRPC" value={data.addresses.otlp_grpc} />
                    <Address name="OTLP/HTTP" value={data.addresses.otlp_http} />
                    <Address name={t('connect.api')} value={data.addresses.http} />
                  </ul>
                )}
              </Gate>
            </Panel>
          </div>
        </div>
      </div>
    </>
  )
}

function Address({ name, value }: { name: string; value: string }) {
  return (
    <li class="row">
      <span>{name}</span>
      <code class="cut">{value}</code>
      <CopyButton text={value} />
    </li>
  )
}

function Recipes({ addresses }: { addresses: Addresses }) {
  const [chosen, setChosen] = useParam('for', 'fastapi')
  const [setup, setSetup] = useParam('with', 'pip')
  const recipe = (recipes.find(({ id }) => id === chosen) ?? recipes[0]) as Recipe
  const way = recipe.setups.includes(setup as Setup) ? (setup as Setup) : 'pip'
  return (
    <section class="panel">
      <div class="recipe-tabs">
        <Tabs label={t('connect.framework')} items={recipes} selected={recipe.id} onSelect={(id) => setChosen(id, { replace: true })} />
      </div>
      <div class="recipe">
        {recipe.setups.length > 0 && (
          <Segmented
            label={t('connect.setup')}
            selected={way}
            onSelect={(id) => setSetup(id, { replace: true })}
            items={[
              { id: 'pip', label: 'pip' },
              { id: 'uv', label: 'uv' },
              { id: 'docker', label: 'Docker' },
            ]}
          />
        )}
        <ol>
          {recipe.steps(addresses, way).map((step, index) => (
            <li key={step.title}>
              <h3>
                <b class="num">{index + 1}</b> {t(step.title)}
              </h3>
              <div class="snippet">
                <pre tabIndex={0}>{step.code}</pre>
                <CopyButton text={step.code} />
              </div>
              {step.title === 'connect.step.run' && <p class="quiet">{t('connect.run.note')}</p>}
            </li>
          ))}
        </ol>
      </div>
    </section>
  )
}

const lightSignals: readonly [SignalName, 'connect.light.traces' | 'connect.light.logs' | 'connect.light.metrics'][] = [
  ['spans', 'connect.light.traces'],
  ['logs', 'connect.light.logs'],
  ['metrics', 'connect.light.metrics'],
]

function Lights({ event }: { event: StatusEvent | null }) {
  const accepted = lightSignals.some(([signal]) => (event?.signals[signal]?.accepted ?? 0) > 0)
  const reached = (event?.requests_reached ?? 0) > 0 || accepted
  return (
    <Panel title={t('connect.lights')} note={event ? null : t('connect.waiting')}>
      <ul class="lights" aria-live="polite">
        <Light on={reached} name={t('connect.light.reached')} detail={t('connect.requests', { n: event?.requests_reached ?? 0 })} />
        {lightSignals.map(([signal, name]) => {
          const flow = event?.signals[signal]
          const detail = flow && flow.accepted > 0 ? t('connect.flow', { total: count(flow.accepted), rate: rate(flow.per_second) }) : t('connect.none')
          return <Light key={signal} on={(flow?.accepted ?? 0) > 0} name={t(name)} detail={detail} />
        })}
      </ul>
      {event && event.services.length > 0 && (
        <p class="row wrap light-services">
          <span class="quiet">{t('connect.services')}</span>
          {event.services.slice(0, 12).map((name) => (
            <ServiceName key={name} name={name} plain />
          ))}
        </p>
      )}
      {accepted && (
        <p class="row wrap">
          <Link class="button primary small" href={linkTo('/traces')}>{t('connect.seeTraces')}</Link>
          <Link class="button small" href={linkTo('/logs')}>{t('connect.seeLogs')}</Link>
        </p>
      )}
    </Panel>
  )
}

function Light({ on, name, detail }: { on: boolean; name: string; detail: string }) {
  return (
    <li class={on ? 'on' : ''}>
      <span class="bulb">{on && <Icon name="check" size={14} />}</span>
      <b>{name}</b>
      <span class="num quiet">{detail}</span>
      <span class="visually-hidden">{t(on ? 'connect.on' : 'connect.off')}</span>
    </li>
  )
}

function TestSpan() {
  const [, navigate] = useLocation()
  const [sent, setSent] = useState<string | null>(null)
  const [failure, setFailure] = useState<string | null>(null)
  const send = async () => {
    setFailure(null)
    try {
      setSent((await sendTestSpan()).trace_id)
    } catch (cause) {
      setFailure(cause instanceof ApiError ? cause.message : String(cause))
    }
  }
  return (
    <div class="panel test-span">
      <div>
        <b>{t('connect.test')}</b>
        <p class="quiet">{t('connect.test.text')}</p>
      </div>
      <div class="row wrap">
        <button class="button" onClick={() => void send()}>
          <Icon name="send" size={14} /> {t('connect.test.send')}
        </button>
        {sent && (
          <button class="button primary" onClick={() => navigate(linkTo(`/trace/${sent}`))}>
            <Icon name="trace" size={14} /> {t('connect.test.open')}
          </button>
        )}
      </div>
      {failure && <p class="error-text row"><Icon name="error" size={14} /> {failure}</p>}
    </div>
  )
}

const patienceMs = 15_000

function Diagnoses({ event }: { event: StatusEvent | null }) {
  const [late, setLate] = useState(false)
  const started = useRef(Date.now())
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), patienceMs - (Date.now() - started.current))
    return () => clearTimeout(timer)
  }, [])
  const anyData = lightSignals.some(([signal]) => (event?.signals[signal]?.accepted ?? 0) > 0)
  const diagnoses = diagnose(event, anyData)
  const refused = diagnoses.some(({ refusal }) => refusal !== null)
  if (diagnoses.length === 0 || (!late && !refused)) return null
  return (
    <Panel title={t('connect.diagnosis')} class="diagnosis">
      {diagnoses.map(({ finding, refusal }) => (
        <div key={finding} class="finding" role="alert">
          <b class="row">
            <Icon name="warn" size={15} /> {t(`connect.finding.${finding}`)}
          </b>
          <p>{t(`connect.finding.${finding}.fix`)}</p>
          {refusal && <p class="mono quiet">{refusal.protocol}: {refusal.message}</p>}
        </div>
      ))}
      {!refused && (
        <div class="finding">
          <b class="row">
            <Icon name="help" size={15} /> {t('connect.finding.docker')}
          </b>
          <p>{t('connect.finding.docker.fix')}</p>
        </div>
      )}
    </Panel>
  )
}
