export interface TabItem<T extends string> {
  id: T
  label: string
}

interface TabsProps<T extends string> {
  items: readonly TabItem<T>[]
  selected: T
  onSelect: (id: T) => void
  label: string
}

export function Tabs<T extends string>({ items, selected, onSelect, label }: TabsProps<T>) {
  const move = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const at = items.findIndex((item) => item.id === selected)
    const next = items[(at + step + items.length) % items.length]
    if (!next) return
    onSelect(next.id)
    const list = event.currentTarget as HTMLElement
    requestAnimationFrame(() => list.querySelector<HTMLElement>('[aria-selected="true"]')?.focus())
  }
  return (
    <div class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
      {items.map((item) => (
        <button
          key={item.id}
          role="tab"
          aria-selected={item.id === selected}
          tabIndex={item.id === selected ? 0 : -1}
          onClick={() => onSelect(item.id)}
        >
          {item.label}
        </button>
      ))}
    </div>
  )
}

export function Segmented<T extends string>({ items, selected, onSelect, label }: TabsProps<T>) {
  return (
    <div class="segmented" role="group" aria-label={label}>
      {items.map((item) => (
        <button key={item.id} aria-pressed={item.id === selected} onClick={() => onSelect(item.id)}>
          {item.label}
        </button>
      ))}
    </div>
  )
}
