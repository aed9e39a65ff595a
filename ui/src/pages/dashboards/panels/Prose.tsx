// The small part of Markdown that notes need.
import { parseInline, parseText, type Block } from '../../sql/notebook'

export function Prose({ source }: { source: string }) {
  return (
    <>
      {parseText(source).map((block, at) => (
        <BlockView key={at} block={block} />
      ))}
    </>
  )
}

function BlockView({ block }: { block: Block }) {
  switch (block.kind) {
    case 'heading':
      return block.level === 1 ? <h3 class="large"><Line text={block.text} /></h3> : <h3><Line text={block.text} /></h3>
    case 'list':
      return <ul>{block.items.map((item, at) => <li key={at}><Line text={item} /></li>)}</ul>
    case 'code':
      return <pre class="pre-block">{block.text}</pre>
    case 'paragraph':
      return <p><Line text={block.text} /></p>
  }
}

function Line({ text }: { text: string }) {
  return (
    <>
      {parseInline(text).map((part, at) => {
        if (part.kind === 'bold') return <strong key={at}>{part.text}</strong>
        if (part.kind === 'code') return <code key={at}>{part.text}</code>
        if (part.kind === 'link') return <a key={at} href={part.href} rel="noreferrer">{part.text}</a>
        return part.text
      })}
    </>
  )
}
