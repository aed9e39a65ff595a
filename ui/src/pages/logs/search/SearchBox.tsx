// A plain box: words, phrases, key:value. It searches while one types, and says what can be written.
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks'
import { useSchema } from '../../../api/query'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { fieldsOf } from '../../../sql/filter'
import { fieldsOfLogs } from '../facets/offered'

interface SearchBoxProps {
  value: string
  onSearch: (text: string) => void
  main?: boolean // the one that `/` goes to
  label?: string
}

const offeredMost = 8

export function SearchBox({ value, onSearch, main = false, label = t('logs.search') }: SearchBoxProps) {
  const [typed, setTyped] = useState(value)
  const [focused, setFocused] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const hint = useId()
  useEffect(() => setTyped(value), [value])
  useEffect(() => {
    const timer = setTimeout(() => typed !== value && onSearch(typed), 350)
    return () => clearTimeout(timer)
  }, [typed])
  const submit = (event: Event) => {
    event.preventDefault()
    onSearch(typed)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') input.current?.blur()
  }
  return (
    <form class="log-search" role="search" aria-label={label} onSubmit={submit}>
      <Icon name="search" size={14} />
      <input
        ref={input} class="field" type="search" {...(main ? { 'data-search': '' } : {})} value={typed} placeholder={label} aria-label={label} aria-describedby={hint} autocomplete="off" spellcheck={false}
        onInput={(event) => setTyped(event.currentTarget.value)} onKeyDown={onKeyDown} onFocus={() => setFocused(true)} onBlur={() => setFocused(false)}
      />
      <div id={hint} class={focused && main ? 'log-hint float' : 'visually-hidden'}>
        {focused && main && <Offers typed={typed} use={(text) => { setTyped(text); input.current?.focus() }} />}
        <dl>
          {(['words', 'phrase', 'not', 'field', 'compare', 'any', 'id'] as const).map((what) => (
            <div key={what}>
              <dt class="mono">{examples[what]}</dt>
              <dd>{t(`logs.search.${what}`)}</dd>
            </div>
          ))}
        </dl>
      </div>
    </form>
  )
}

const examples = { words: 'pan fire', phrase: '"on fire"', not: '-water', field: 'service:spam', compare: 'level:>=warn', any: 'host.name:web-*', id: '4bf92f35…' }

// Names of fields that begin as the last word does.
function Offers({ typed, use }: { typed: string; use: (text: string) => void }) {
  const schema = useSchema()
  const names = useMemo(() => [...fieldsOf('logs'), ...fieldsOfLogs(schema.data?.attribute_keys ?? []).sort((left, right) => right.count - left.count).map(({ field }) => field.replace(/^resource:/, ''))], [schema.data])
  const word = /(?:^|\s)(-?)([\w.]+)$/.exec(typed)
  if (!word?.[2]) return null
  const start = word[2].toLowerCase()
  const found = [...new Set(names)].filter((name) => name.toLowerCase().includes(start)).slice(0, offeredMost)
  if (found.length === 0) return null
  const before = typed.slice(0, typed.length - word[2].length)
  return (
    <div class="row wrap log-offers">
      {found.map((name) => (
        <button key={name} type="button" class="chip mono" tabIndex={-1} onPointerDown={(event) => event.preventDefault()} onClick={() => use(`${before}${name}:`)}>
          {name}:
        </button>
      ))}
    </div>
  )
}
