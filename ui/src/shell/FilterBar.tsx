import type { ComponentChildren } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'
import { useSchema } from '../api/query'
import type { SignalName } from '../api/types'
import { Icon } from '../components/Icon'
import { t } from '../i18n/translate'
import { appliesTo, fieldsOf, operators, parseFilter, writeFilter, type Filter, type Operator } from '../sql/filter'
import { addFilter, removeFilter, setFilters, useFilters } from '../url/state'
import { useKeys } from './keys'

export function FilterBar({ signal, children }: { signal: SignalName; children?: ComponentChildren }) {
  const filters = useFilters()
  const [adding, setAdding] = useState(false)
  useKeys({ f: () => setAdding(true) })
  return (
    <div class="filterbar" role="group" aria-label={t('filter.label')}>
      {children}
      {filters.map((filter) => (
        <Chip key={writeFilter(filter)} filter={filter} applies={appliesTo(filter, signal)} signal={signal} />
      ))}
      {adding ? (
        <Adder signal={signal} close={() => setAdding(false)} />
      ) : (
        <button class="button small plain" onClick={() => setAdding(true)}>
          <Icon name="plus" size={13} /> {t('filter.add')}
        </button>
      )}
      {filters.length > 1 && (
        <button class="button small plain" onClick={() => setFilters([])}>
          {t('filter.clear')}
        </button>
      )}
    </div>
  )
}

const written: Partial<Record<Operator, string>> = { '!=': '≠', '>=': '≥', '<=': '≤', '~': '∋', '!~': '∌' }

function Chip({ filter, applies, signal }: { filter: Filter; applies: boolean; signal: SignalName }) {
  const invert = () => {
    const opposite: Partial<Record<Operator, Operator>> = { '=': '!=', '!=': '=', '~': '!~', '!~': '~' }
    const op = opposite[filter.op]
    if (!op) return
    removeFilter(filter)
    addFilter({ ...filter, op })
  }
  const sign = filter.op === '?' ? t('filter.exists') : (written[filter.op] ?? filter.op)
  return (
    <span class={`chip ${applies ? '' : 'idle'}`} title={applies ? '' : t('filter.idle', { signal })}>
      <span class="cut">
        {filter.key} <b>{sign}</b> <span class="mono">{filter.op === '?' ? '' : filter.value.slice(0, 120) || '∅'}</span>
      </span>
      <button onClick={invert} aria-label={t('filter.invert', { key: filter.key })} title={t('filter.invert', { key: filter.key })}>
        <Icon name="exclude" size={12} />
      </button>
      <button onClick={() => removeFilter(filter)} aria-label={t('filter.remove', { key: filter.key })}>
        <Icon name="close" size={12} />
      </button>
    </span>
  )
}

function Adder({ signal, close }: { signal: SignalName; close: () => void }) {
  const schema = useSchema()
  const value = useRef<HTMLInputElement>(null)
  const [key, setKey] = useState('')
  const [op, setOp] = useState<Operator>('=')
  const keys = useMemo(() => {
    const known = (schema.data?.attribute_keys ?? []).filter(({ table }) => table === signal)
    const attributes = known.map(({ scope, key: name }) => (scope === 'resource_attributes' ? `resource:${name}` : name))
    return [...fieldsOf(signal), ...attributes]
  }, [schema.data, signal])
  const submit = (event: Event) => {
    event.preventDefault()
    const whole = parseFilter(key)
    const filter = whole && whole.value !== '' ? whole : { key: key.trim(), op, value: value.current?.value ?? '' }
    if (filter.key !== '') addFilter(filter)
    close()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') close()
  }
  return (
    <form class="row adder" onSubmit={submit} onKeyDown={onKeyDown}>
      <input class="field small" autoFocus list="filter-keys" placeholder={t('filter.key')} aria-label={t('filter.key')} value={key} onInput={(event) => setKey(event.currentTarget.value)} />
      <datalist id="filter-keys">
        {keys.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <select class="field small" aria-label={t('filter.op')} value={op} onChange={(event) => setOp(event.currentTarget.value as Operator)}>
        {operators.map((name) => (
          <option key={name} value={name}>
            {name === '?' ? t('filter.exists') : name}
          </option>
        ))}
      </select>
      {op !== '?' && <input class="field small" ref={value} placeholder={t('filter.value')} aria-label={t('filter.value')} />}
      <button class="button small primary" type="submit">
        {t('filter.apply')}
      </button>
      <button class="button small plain icon" type="button" onClick={close} aria-label={t('shell.close')}>
        <Icon name="close" size={13} />
      </button>
    </form>
  )
}
