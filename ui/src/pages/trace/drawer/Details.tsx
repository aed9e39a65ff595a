import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Row } from '../../../api/client'
import type { SqlValue } from '../../../api/types'
import { Attributes, Pair, showValue } from '../../../components/Attributes'
import { BigText } from '../../../components/BigText'
import { Value } from '../../../components/Value'
import { t } from '../../../i18n/translate'
import { language, type Language } from '../../../settings/settings'

type Map = Record<string, SqlValue>
type Explain = (key: string, language: Language) => string | null

const ids = ['trace_id', 'span_id', 'parent_span_id', 'trace_state', 'start_time', 'end_time'] as const

export function Details({ record }: { record: Row }) {
  const explain = useExplanations()
  return (
    <>
      <Section title={t('trace.attributes')}>
        <Explained of={record['attributes'] as Map} explain={explain} none={t('trace.none')} />
      </Section>
      <Section title={t('trace.resource')}>
        <Explained of={record['resource_attributes'] as Map} prefix="resource:" explain={explain} none={t('trace.none')} />
      </Section>
      <Section title={t('trace.scope')}>
        <dl class="attributes">
          {record['scope_name'] && <Pair name="name" field="scope" value={String(record['scope_name'])} />}
          {record['scope_version'] && <Pair name="version" field="scope_version" value={String(record['scope_version'])} />}
        </dl>
        <Attributes of={record['scope_attributes'] as Map} prefix="scope:" />
      </Section>
      <Section title={t('trace.identity')}>
        <dl class="attributes">
          {ids.filter((name) => record[name]).map((name) => (
            <Pair key={name} name={name} field={name} value={showValue(record[name] ?? null)} />
          ))}
        </dl>
      </Section>
    </>
  )
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="drawer-section">
      <h3>{title}</h3>
      {children}
    </section>
  )
}

let known: Explain | null = null

// The texts are a chunk of their own; keys are plain until it is here.
function useExplanations(): Explain | null {
  const [, redraw] = useState(0)
  useEffect(() => {
    if (known) return
    void import('./semconv').then((module) => {
      known = module.explain
      redraw(1)
    })
  }, [])
  return known
}

interface ExplainedProps {
  of: Map | null | undefined
  prefix?: string
  none: string
  explain: Explain | null
}

function Explained({ of: map, prefix = '', none, explain }: ExplainedProps) {
  const [open, setOpen] = useState('')
  const entries = Object.entries(map ?? {}).sort(([left], [right]) => left.localeCompare(right))
  if (entries.length === 0) return <p class="quiet">{none}</p>
  return (
    <dl class="attributes">
      {entries.map(([key, value]) => {
        const text = explain?.(key, language.value) ?? null
        const shown = showValue(value)
        return (
          <div key={key}>
            <dt>
              {text === null ? key : (
                <button class="explained" aria-expanded={open === key} onClick={() => setOpen(open === key ? '' : key)} title={text}>{key}</button>
              )}
            </dt>
            <dd class="mono">{shown.length > 400 ? <BigText text={shown} /> : <Value field={prefix + key} value={shown} />}</dd>
            {open === key && text !== null && <dd class="explanation" role="note">{text}</dd>}
          </div>
        )
      })}
    </dl>
  )
}
