// The controls that forms of dashboards are made of.
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'

interface TextProps {
  label: string
  value: string
  onChange: (value: string) => void
  hint?: string
  mono?: boolean
  list?: readonly string[]
}

export function TextField({ label, value, onChange, hint, mono = false, list }: TextProps) {
  const id = list ? `list-${label.replace(/\W+/g, '-')}` : undefined
  return (
    <label class="dash-field">
      <span>{label}</span>
      <input class={`field small ${mono ? 'mono' : ''}`} value={value} onInput={(event) => onChange(event.currentTarget.value)} {...(hint ? { placeholder: hint } : {})} {...(id ? { list: id } : {})} />
      {id && <datalist id={id}>{list?.map((one) => <option key={one} value={one} />)}</datalist>}
    </label>
  )
}

export function AreaField({ label, value, onChange, hint, rows = 3 }: TextProps & { rows?: number }) {
  return (
    <label class="dash-field wide">
      <span>{label}</span>
      <textarea class="field mono" spellcheck={false} rows={rows} value={value} onInput={(event) => onChange(event.currentTarget.value)} {...(hint ? { placeholder: hint } : {})} />
    </label>
  )
}

// A number that may be absent. While "1." is written it is left as it is.
export function NumberField({ label, value, onChange, hint }: { label: string; value: number | undefined; onChange: (value: number | undefined) => void; hint?: string }) {
  const [written, write] = useState(value === undefined ? '' : String(value))
  useEffect(() => {
    if ((written === '' ? undefined : Number(written)) !== value) write(value === undefined ? '' : String(value))
  }, [value])
  const onInput = (text: string) => {
    write(text)
    const number = Number(text)
    if (text.trim() === '') onChange(undefined)
    else if (Number.isFinite(number)) onChange(number)
  }
  return (
    <label class="dash-field">
      <span>{label}</span>
      <input class="field small" inputMode="decimal" value={written} onInput={(event) => onInput(event.currentTarget.value)} {...(hint ? { placeholder: hint } : {})} />
    </label>
  )
}

interface SelectProps<T extends string> {
  label: string
  value: T
  items: readonly { id: T; label: string }[]
  onChange: (value: T) => void
}

export function SelectField<T extends string>({ label, value, items, onChange }: SelectProps<T>) {
  return (
    <label class="dash-field">
      <span>{label}</span>
      <select class="field small" value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
        {items.map((item) => <option key={item.id} value={item.id}>{item.label}</option>)}
      </select>
    </label>
  )
}

export function CheckField({ label, value, onChange }: { label: string; value: boolean; onChange: (value: boolean) => void }) {
  return (
    <label class="dash-check">
      <input type="checkbox" checked={value} onChange={(event) => onChange(event.currentTarget.checked)} /> {label}
    </label>
  )
}

export function FieldSet({ title, children, tools }: { title: string; children: ComponentChildren; tools?: ComponentChildren }) {
  return (
    <fieldset class="dash-set">
      <legend>{title}</legend>
      <div class="dash-fields">{children}</div>
      {tools}
    </fieldset>
  )
}

// A copy with some fields changed; those set to undefined are gone.
export function altered<T extends object>(before: T, change: { [Key in keyof T]?: T[Key] | undefined }): T {
  const next: Record<string, unknown> = { ...before, ...change }
  for (const [key, value] of Object.entries(next)) if (value === undefined) delete next[key]
  return next as T
}
