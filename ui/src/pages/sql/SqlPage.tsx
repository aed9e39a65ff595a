import { useEffect, useRef, useState } from 'preact/hooks'
import { useSchema } from '../../api/query'
import { copyText } from '../../components/Copy'
import { Icon } from '../../components/Icon'
import { t } from '../../i18n/translate'
import { readStorage, writeStorage } from '../../settings/settings'
import { TopBar } from '../../shell/TopBar'
import { resolve } from '../../url/base'
import { setParams, useParams } from '../../url/state'
import { decodeShare, encodeShare, newCell, readNotebook, writeNotebook, type Cell, type Notebook } from './notebook'
import { SchemaTree } from './SchemaTree'
import { SqlCell, type CellHandle } from './SqlCell'
import { starters } from './starters'
import { TextCell } from './TextCell'
import './sql.css'

const storageKey = 'luneta.notebook'

function initialNotebook(params: URLSearchParams): { notebook: Notebook; run: string | null } {
  const shared = params.get('nb')
  const query = params.get('q')
  const kept = readNotebook(readStorage(storageKey))
  const stored = kept ?? { cells: [newCell('sql', starters[0]?.query ?? '')] }
  const fromLink = shared ? decodeShare(shared) : null
  if (fromLink) return { notebook: fromLink, run: null }
  if (!query) return { notebook: stored, run: kept ? null : (stored.cells[0]?.id ?? null) }
  const known = stored.cells.find((cell) => cell.source.trim() === query.trim())
  if (known) return { notebook: stored, run: known.id }
  const cell = newCell('sql', query)
  const used = stored.cells.filter(({ source }) => source.trim() !== '')
  return { notebook: { cells: [cell, ...used] }, run: cell.id }
}

export default function SqlPage() {
  const params = useParams()
  const [start] = useState(() => initialNotebook(params))
  const [notebook, setNotebook] = useState(start.notebook)
  const [active, setActive] = useState(start.run ?? notebook.cells.find(({ kind }) => kind === 'sql')?.id ?? '')
  const [showTree, setShowTree] = useState(window.innerWidth > 900)
  const schema = useSchema()
  const handles = useRef(new Map<string, CellHandle>())
  useEffect(forgetLink, [])
  useEffect(() => writeStorage(storageKey, writeNotebook(notebook)), [notebook])
  const change = (id: string, source: string) =>
    setNotebook((previous) => ({ cells: previous.cells.map((cell) => (cell.id === id ? { ...cell, source } : cell)) }))
  const add = (cell: Cell, after?: string) => {
    setNotebook((previous) => {
      const at = after ? previous.cells.findIndex(({ id }) => id === after) + 1 : previous.cells.length
      return { cells: [...previous.cells.slice(0, at), cell, ...previous.cells.slice(at)] }
    })
    if (cell.kind === 'sql') setActive(cell.id)
  }
  const remove = (id: string) => setNotebook((previous) => ({ cells: previous.cells.filter((cell) => cell.id !== id) }))
  const move = (id: string, step: number) =>
    setNotebook((previous) => ({ cells: swapped(previous.cells, previous.cells.findIndex((cell) => cell.id === id), step) }))
  const insert = (text: string) => handles.current.get(active)?.insert(text)
  const share = () => void copyText(`${resolve('sql')}?nb=${encodeShare(notebook)}`)
  return (
    <>
      <TopBar title={t('nav.sql')}>
        <button class="button hide-phone" aria-pressed={showTree} onClick={() => setShowTree(!showTree)}>
          <Icon name="table" size={14} /> {t('sql.schema')}
        </button>
        <button class="button" onClick={share}>
          <Icon name="link" size={14} /> {t('sql.share')}
        </button>
      </TopBar>
      <div class={`page sql ${showTree ? 'with-tree' : ''}`}>
        {showTree && <SchemaTree schema={schema} onInsert={insert} />}
        <div class="stack cells">
          <Starters onChoose={(query) => add(newCell('sql', query))} />
          {notebook.cells.map((cell) => {
            const tools = { onMove: (step: number) => move(cell.id, step), onRemove: () => remove(cell.id) }
            return cell.kind === 'text' ? (
              <TextCell key={cell.id} cell={cell} onChange={(source) => change(cell.id, source)} {...tools} />
            ) : (
              <SqlCell
                key={cell.id} cell={cell} schema={schema.data} runNow={start.run === cell.id} {...tools}
                onChange={(source) => change(cell.id, source)}
                onFocus={() => setActive(cell.id)}
                register={(handle) => (handle ? handles.current.set(cell.id, handle) : handles.current.delete(cell.id))}
              />
            )
          })}
          <div class="row add-cells">
            <button class="button" onClick={() => add(newCell('sql'))}>
              <Icon name="plus" size={14} /> SQL
            </button>
            <button class="button" onClick={() => add(newCell('text'))}>
              <Icon name="plus" size={14} /> {t('sql.text')}
            </button>
          </div>
        </div>
      </div>
    </>
  )
}

// The notebook now holds what the link brought; leaving it there would bring it back on reload.
function forgetLink(): void {
  setParams((next) => {
    next.delete('q')
    next.delete('nb')
  }, { replace: true })
}

function swapped(cells: readonly Cell[], at: number, step: number): Cell[] {
  const next = [...cells]
  const [one, other] = [next[at], next[at + step]]
  if (one && other) {
    next[at] = other
    next[at + step] = one
  }
  return next
}

function Starters({ onChoose }: { onChoose: (query: string) => void }) {
  return (
    <div class="starters" role="group" aria-label={t('sql.starters')}>
      <span class="quiet">{t('sql.starters')}</span>
      {starters.map(({ title, query }) => (
        <button key={title} class="button small" onClick={() => onChoose(query)}>
          {t(title)}
        </button>
      ))}
    </div>
  )
}
