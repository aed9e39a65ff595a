import type { ComponentChildren } from 'preact'

interface PanelProps {
  title: ComponentChildren
  note?: ComponentChildren
  tools?: ComponentChildren
  flush?: boolean
  class?: string
  children: ComponentChildren
}

export function Panel({ title, note, tools, flush = false, children, ...rest }: PanelProps) {
  return (
    <section class={`panel ${rest.class ?? ''}`}>
      <header>
        <h2>{title}</h2>
        {note && <span class="note">{note}</span>}
        {tools && <div class="tools">{tools}</div>}
      </header>
      <div class={`content ${flush ? 'flush' : ''}`}>{children}</div>
    </section>
  )
}
