import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { useStatus } from '../../api/query'
import { newStreamState, useStream } from '../../api/stream'
import type { RefusedSeries, SignalName, Status, StatusEvent } from '../../api/types'
import { CopyButton } from '../../components/Copy'
import { Icon } from '../../components/Icon'
import { Gate } from '../../components/Notice'
import { Panel } from '../../components/Panel'
import { Sparkline } from '../../components/Sparkline'
import { t } from '../../i18n/translate'
import { TopBar } from '../../shell/TopBar'
import { ago, bytes, compact, count, fullTime, percent, rate } from '../../time/format'
import './status.css'

const signals: readonly SignalName[] = ['spans', 'logs', 'metrics']
const historySize = 90

export default function StatusPage() {
  const status = useStatus(3000)
  const [stream] = useState(newStreamState)
  const live = useLiveRates(stream)
  return (
    <>
      <TopBar title={t('nav.status')}>
        <span class={`tag ${stream.value === 'open' ? 'ok' : 'warn'}`} role="status">
          <i class={`flow-light ${stream.value === 'open' ? 'on' : ''}`} /> {t(`status.stream.${stream.value}`)}
        </span>
        <span class="grow" />
      </TopBar>
      <div class="page">
        <Gate of={status} height={400}>{(data) => <Everything status={data} live={live} />}</Gate>
      </div>
    </>
  )
}

interface Live {
  latest: StatusEvent | null
  rates: Record<SignalName, number[]>
}

function useLiveRates(stream: ReturnType<typeof newStreamState>): Live {
  const [latest, setLatest] = useState<StatusEvent | null>(null)
  const silence = () => new Array<number>(historySize).fill(0)
  const rates = useRef<Record<SignalName, number[]>>({ spans: silence(), logs: silence(), metrics: silence() })
  useStream<StatusEvent>(
    'api/events',
    'status',
    (event) => {
      for (const signal of signals) {
        rates.current[signal] = [...rates.current[signal], event.signals[signal]?.per_second ?? 0].slice(-historySize)
      }
      setLatest(event)
    },
    stream,
  )
  return { latest, rates: rates.current }
}

function useNow(): number {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}

function Everything({ status, live }: { status: Status; live: Live }) {
  const now = useNow()
  return (
    <div class="stack">
      {!status.ready && <Alert text={t('status.notReady')} />}
      {status.warnings.map((warning) => <Alert key={warning} text={warning} />)}
      {status.series.refused.map((of) => <Alert key={of.metric} text={tooManySeries(of)} />)}
      {status.flushes.last_error && <Alert text={t('status.flushFailed', { error: status.flushes.last_error })} bad />}
      <div class="signal-cards">
        {signals.map((signal) => <SignalCard key={signal} signal={signal} status={status} live={live} now={now} />)}
      </div>
      <div class="status-grid">
        <Refusals status={status} live={live} />
        <Storage status={status} now={now} />
        <Server status={status} now={now} />
      </div>
    </div>
  )
}

function tooManySeries({ metric, active, points, attribute, values }: RefusedSeries): string {
  const refused = t('status.tooManySeries', { metric, active: count(active), points: count(points) })
  return attribute === null ? refused : `${refused} ${t('status.tooManyValues', { attribute, values: count(values ?? 0) })}`
}

function Alert({ text, bad = false }: { text: string; bad?: boolean }) {
  return (
    <p class={`banner ${bad ? 'error' : ''}`} role="alert">
      <Icon name={bad ? 'error' : 'warn'} size={14} /> {text}
    </p>
  )
}

interface CardProps {
  signal: SignalName
  status: Status
  live: Live
  now: number
}

function SignalCard({ signal, status, live, now }: CardProps) {
  const stored = status.signals[signal]
  const flow = live.latest?.signals[signal] ?? stored
  const lag = flow.last_received_at && stored.newest ? Math.max(0, Date.parse(flow.last_received_at) - Date.parse(stored.newest)) : null
  return (
    <Panel title={t(`status.signal.${signal}`)} note={flow.last_received_at ? t('status.lastReceived', { ago: ago(Date.parse(flow.last_received_at), now) }) : t('status.never')}>
      <p class="signal-rate num">
        <b>{rate(flow.per_second)}</b> {t('status.perSecond')}
        <Sparkline values={live.rates[signal]} label={t('status.rateHistory')} width={180} height={30} />
      </p>
      <dl class="facts-list num">
        <Fact name={t('status.accepted')}>{count(flow.accepted)}</Fact>
        <Fact name={t('status.rows')}>{count(stored.rows)}</Fact>
        <Fact name={t('status.files')}>{count(stored.files)} · {bytes(stored.bytes)}</Fact>
        <Fact name={t('status.perRow')}>{stored.rows > 0 ? bytes(stored.bytes / stored.rows) : '–'}</Fact>
        {signal === 'metrics' && <Fact name={t('status.series')}>{count(status.series.active)} / {count(status.series.limit)}</Fact>}
        <Fact name={t('status.lag')}>{lag === null ? '–' : `${rate(lag / 1000)} s`}</Fact>
        <Fact name={t('status.oldest')}>{stored.oldest ? fullTime(Date.parse(stored.oldest)) : '–'}</Fact>
        <Fact name={t('status.newest')}>{stored.newest ? fullTime(Date.parse(stored.newest)) : '–'}</Fact>
        <Fact name={t('status.retention')}>{status.retention[signal]}</Fact>
      </dl>
    </Panel>
  )
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Refusals({ status, live }: { status: Status; live: Live }) {
  const recent = live.latest?.last_refusals ?? []
  const total = status.refused.reduce((sum, { count: times }) => sum + times, 0)
  return (
    <Panel title={t('status.refused')} note={t('status.refusedTotal', { n: total })} flush>
      {status.refused.length === 0 ? (
        <div class="notice calm"><Icon name="check" size={22} /><p>{t('status.noneRefused')}</p></div>
      ) : (
        <table class="grid-table num">
          <thead>
            <tr>
              <th scope="col">{t('status.reason')}</th>
              <th scope="col">{t('status.protocol')}</th>
              <th scope="col" class="right">{t('status.count')}</th>
            </tr>
          </thead>
          <tbody>
            {status.refused.map(({ signal, protocol, reason, count: times }) => (
              <tr key={signal + protocol + reason}>
                <td><code>{reason}</code></td>
                <td>{signal} · {protocol}</td>
                <td class="right"><span class="tag warn"><Icon name="warn" size={12} /> {count(times)}</span></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {recent.length > 0 && (
        <ul class="recent">
          {recent.slice(-6).reverse().map(({ at, protocol, reason, message }) => (
            <li key={at + reason}>
              <span class="num quiet">{fullTime(Date.parse(at))}</span> <code>{protocol} {reason}</code> <span>{message}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

function Meter({ part, label }: { part: number; label: string }) {
  const level = part > 0.9 ? 'high' : part > 0.7 ? 'mid' : ''
  return (
    <div class={`meter ${level}`} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(part * 100)}>
      <i style={{ width: `${Math.min(100, part * 100)}%` }} />
    </div>
  )
}

function Storage({ status, now }: { status: Status; now: number }) {
  const { memory, wal, disk, flushes, compactions } = status
  const inMemory = memory.limit_bytes > 0 ? memory.bytes / memory.limit_bytes : 0
  const onDisk = disk.lake_bytes + disk.free_bytes > 0 ? disk.lake_bytes / (disk.lake_bytes + disk.free_bytes) : 0
  return (
    <Panel title={t('status.storage')}>
      <dl class="facts-list num">
        <Fact name={t('status.memory')}>
          {bytes(memory.bytes)} / {bytes(memory.limit_bytes)} · {t('status.memoryRows', { n: compact(memory.rows) })}
          <Meter part={inMemory} label={`${t('status.memory')} ${percent(inMemory)}`} />
        </Fact>
        <Fact name={t('status.disk')}>
          {t('status.diskOf', { lake: bytes(disk.lake_bytes), free: bytes(disk.free_bytes) })}
          <Meter part={onDisk} label={`${t('status.disk')} ${percent(onDisk)}`} />
        </Fact>
        <Fact name={t('status.wal')}>{bytes(wal.bytes)} · {t('status.segments', { n: wal.segments })}</Fact>
        <Fact name={t('status.flushes')}>
          {count(flushes.count)}
          {flushes.last_ms !== null && ` · ${rate(flushes.last_ms)} ms`}
          {flushes.last_at && ` · ${ago(Date.parse(flushes.last_at), now)}`}
        </Fact>
        <Fact name={t('status.compactions')}>{count(compactions.count)}</Fact>
      </dl>
    </Panel>
  )
}

function Server({ status, now }: { status: Status; now: number }) {
  const { addresses } = status
  return (
    <Panel title={t('status.server')}>
      <dl class="facts-list num">
        <Fact name={t('status.version')}>{status.version}</Fact>
        <Fact name={t('status.started')}>{ago(Date.parse(status.started_at), now)}</Fact>
        <Fact name={t('status.tenant')}>{status.tenant}</Fact>
        <Fact name={t('status.dataDir')}><span class="row"><code class="cut" title={status.data_dir}>{status.data_dir}</code><CopyButton text={status.data_dir} /></span></Fact>
        <Fact name="HTTP"><code>{addresses.http}</code></Fact>
        <Fact name="OTLP/gRPC"><code>{addresses.otlp_grpc}</code></Fact>
        <Fact name="OTLP/HTTP"><code>{addresses.otlp_http}</code></Fact>
      </dl>
    </Panel>
  )
}
