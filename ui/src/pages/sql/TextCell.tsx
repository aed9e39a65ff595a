import { useState } from 'preact/hooks'
import { Icon } from '../../components/Icon'
import { t } from '../../i18n/translate'
import { parseInline, parseText, type Block, type Cell } from './notebook'

export interface CellTools {
  onMove: (step: number) => void
  onRemove: () => void
}

export function CellButtons({ onMove, onRemove }: CellTools) {
  return (
    <span class="row cell-buttons">
      <button class="button small plain icon" onClick={() => onMove(-1)} aria-label={t('sql.moveUp')} title={t('sql.moveUp')}>
        <Icon name="up" size={13} />
      </button>
      <button class="button small plain icon" onClick={() => onMove(1)} aria-label={t('sql.moveDown')} title={t('sql.moveDown')}>
        <Icon name="down" size={13} />
      </button>
      <button class="button small plain icon" onClick={onRemove} aria-label={t('sql.remove')} title={t('sql.remove')}>
        <Icon name="trash" size={13} />
      </button>
    </span>
  )
}

interface TextCellProps extends CellTools {
  cell: Cell
  onChange: (source: string) => void
}

export function TextCell({ cell, onChange, ...tools }: TextCellProps) {
  const [editing, setEditing] = useState(cell.source === '')
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' || (event.key === 'Enter' && (event.ctrlKey || event.metaKey))) setEditing(false)
  }
  return (
    <section class="text-cell">
      <div class="row text-tools">
        <button class="button small" aria-pressed={editing} onClick={() => setEditing(!editing)}>
          <Icon name="text" size={13} /> {t(editing ? 'sql.done' : 'sql.edit')}
        </button>
        <CellButtons {...tools} />
      </div>
      {editing ? (
        <textarea class="field" autoFocus rows={Math.max(3, cell.source.split('\n').length)} placeholder={t('sql.textHint')} aria-label={t('sql.text')} value={cell.source} onInput={(event) => onChange(event.currentTarget.value)} onKeyDown={onKeyDown} />
      ) : (
        <div class="prose" onDblClick={() => setEditing(true)}>
          {parseText(cell.source).map((block, index) => (
            <BlockView key={index} block={block} />
          ))}
        </div>
      )}
    </section>
  )
}

function BlockView({ block }: { block: Block }) {
  switch (block.kind) {
    case 'heading':
      return block.level === 1 ? <h2><Line text={block.text} /></h2> : <h3><Line text={block.text} /></h3>
    case 'list':
      return <ul>{block.items.map((item, index) => <li key={index}><Line text={item} /></li>)}</ul>
    case 'code':
      return <pre class="pre-block">{block.text}</pre>
    case 'paragraph':
      return <p><Line text={block.text} /></p>
  }
}

function Line({ text }: { text: string }) {
  return (
    <>
      {parseInline(text).map((part, index) => {
        if (part.kind === 'bold') return <strong key={index}>{part.text}</strong>
        if (part.kind === 'code') return <code key={index}>{part.text}</code>
        if (part.kind === 'link') return <a key={index} href={part.href} rel="noreferrer">{part.text}</a>
        return part.text
      })}
    </>
  )
}
