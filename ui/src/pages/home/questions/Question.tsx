// What the cards of all questions share: they load when they come into view, answer in a sentence, and show their query.
import type { ComponentChildren } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { toObjects, type Row } from '../../../api/client'
import { useSchema, useSql, type Loaded } from '../../../api/query'
import type { SqlAnswer } from '../../../api/types'
import { Icon } from '../../../components/Icon'
import { Gate, NothingMatches } from '../../../components/Notice'
import { Panel } from '../../../components/Panel'
import { ShowQuery } from '../../../components/ShowQuery'
import { t, type MessageKey } from '../../../i18n/translate'
import type { Sql } from '../../../sql/escape'
import { percent } from '../../../time/format'
import type { Range } from '../../../time/range'
import { useFilters } from '../../../url/state'
import { sentKeys, type Sent } from './conventions'
import { countedSamplingQuery, readSampling, samplingQuery, type Sampling } from './sampling'

interface InViewProps {
  title: MessageKey
  wide?: boolean
  children: ComponentChildren
}

// A card below the fold costs nothing until it is scrolled to.
export function InView({ title, wide = false, children }: InViewProps) {
  const slot = useRef<HTMLDivElement>(null)
  const [seen, setSeen] = useState(false)
  useEffect(() => {
    if (!slot.current) return
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setSeen(true)
      },
      { rootMargin: '160px' },
    )
    observer.observe(slot.current)
    return () => observer.disconnect()
  }, [])
  return (
    <div ref={slot} class={`question-slot ${wide ? 'wide' : ''}`}>
      {seen ? children : <Panel title={t(title)}><div class="awaiting" /></Panel>}
    </div>
  )
}

interface QuestionProps {
  title: MessageKey
  note?: ComponentChildren
  query: Sql | null
  tools?: ComponentChildren
  of: Loaded<SqlAnswer>
  height?: number
  empty?: MessageKey
  children: (rows: Row[]) => ComponentChildren
}

export function Question({ title, note, query, tools, of: loaded, height = 170, empty, children }: QuestionProps) {
  const shown = (
    <>
      {tools}
      {query && <ShowQuery query={query} />}
    </>
  )
  return (
    <Panel title={t(title)} note={note} tools={shown} class="question">
      <Gate of={loaded} height={height}>
        {(data) => (data.rows.length === 0 && empty ? <Nothing text={empty} /> : children(toObjects(data)))}
      </Gate>
    </Panel>
  )
}

export function Nothing({ text }: { text: MessageKey }) {
  const filters = useFilters()
  if (filters.length > 0) return <NothingMatches />
  return (
    <div class="notice">
      <Icon name="empty" size={22} />
      <p>{t(text)}</p>
    </div>
  )
}

// A message with elements in the places of its parameters.
export function Say({ text, parts = {} }: { text: string; parts?: Record<string, ComponentChildren> }) {
  return (
    <p class="answer">
      {text.split(/\{(\w+)\}/).map((piece, index) => (index % 2 === 0 ? piece : <b key={index}>{parts[piece] ?? ''}</b>))}
    </p>
  )
}

// Always beside its number, which is what a screen reader says.
export function ShareBar({ share, kind = '' }: { share: number; kind?: string }) {
  return (
    <span class={`share-bar ${kind}`} aria-hidden="true">
      <i style={{ width: `${Math.max(share > 0 ? 2 : 0, Math.min(100, share * 100))}%` }} />
    </span>
  )
}

// What a question must know before it is asked: whether spans of the range were sampled and how many there are (null
// until that is known), and which attributes are sent at all.
export function useSampling(range: Range, counted = false): { sampling: Sampling | null; sent: Sent; loaded: Loaded<SqlAnswer> } {
  const loaded = useSql((counted ? countedSamplingQuery : samplingQuery)(range).text, { keepPrevious: false })
  const schema = useSchema()
  const sent = useMemo(() => sentKeys(schema.data), [schema.data])
  const row = loaded.data ? toObjects(loaded.data)[0] : undefined
  return { sampling: loaded.data && !schema.loading ? readSampling(row) : null, sent, loaded }
}

// The query waits for the sampling; a failure of either is a failure of the card.
export const firstFault = (probe: Loaded<SqlAnswer>, loaded: Loaded<SqlAnswer>): Loaded<SqlAnswer> => (probe.fault ? probe : loaded)

export function SamplingNote({ sampling }: { sampling: Sampling | null }) {
  if (!sampling?.sampled) return null
  return (
    <p class="aside">
      <Icon name="warn" size={13} /> {t('ask.sampled', { share: percent(sampling.kept) })}
    </p>
  )
}

export function OneInNote({ oneIn }: { oneIn: number }) {
  return oneIn > 1 ? <p class="aside">{t('ask.oneIn', { n: oneIn })}</p> : null
}
