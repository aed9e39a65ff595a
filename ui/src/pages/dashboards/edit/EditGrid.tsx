// The grid under the hand: panels move by their grip and grow by their corner, with the pointer or with arrow keys.
import { useRef, useState } from 'preact/hooks'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import type { Panel } from '../model/document'
import { movePanel, resizePanel, settle, stepPanel } from '../model/grid'
import { columnWidth, gap, pixelsHigh, rowHeight, Slot, widthOf } from '../view/Grid'
import { PanelCard } from '../view/PanelCard'
import type { Context } from '../view/usePanelData'

interface EditGridProps {
  panels: readonly Panel[]
  context: Context
  width: number
  change: (panels: Panel[], what: string) => void
  onEdit: (id: number) => void
}

export function EditGrid({ panels, context, width, change, onEdit }: EditGridProps) {
  const [preview, setPreview] = useState<{ panels: Panel[]; id: number } | null>(null)
  const [said, say] = useState('')
  const stacked = width < 700
  const shown = preview?.panels ?? panels
  const commit = (next: Panel[], id: number) => {
    change(next, 'place')
    const place = next.find((panel) => panel.id === id)?.place
    if (place) say(t('dash.placed', { x: place.x + 1, y: place.y + 1, w: place.w, h: place.h }))
  }
  const remove = (id: number) => change(settle(panels.filter((panel) => panel.id !== id)), 'remove')
  const copy = (panel: Panel) => {
    const id = Math.max(...panels.map((one) => one.id)) + 1
    change(settle([...panels, { ...panel, id, place: { ...panel.place, y: panel.place.y + panel.place.h } }], id), 'add')
  }
  return (
    <div class={`dash-grid editing ${stacked ? 'stacked' : ''}`}>
      {shown.map((panel) => {
        const hold = { panel, panels, width, preview: setPreview, commit }
        const tools = (
          <>
            {panel.type !== 'row' && <ToolButton icon="copy" label={t('dash.duplicate')} of={panel} onClick={() => copy(panel)} />}
            <ToolButton icon="edit" label={t('dash.edit')} of={panel} onClick={() => onEdit(panel.id)} />
            <ToolButton icon="trash" label={t('dash.remove')} of={panel} onClick={() => remove(panel.id)} />
            <Grip {...hold} kind="move" />
          </>
        )
        return (
          <Slot key={panel.id} place={panel.place} stacked={stacked} class={preview?.id === panel.id ? 'held' : ''}>
            {panel.type === 'row' ? (
              <div class="dash-row"><span>{panel.title || t('dash.type.row')}</span><span class="tools">{tools}</span></div>
            ) : (
              <PanelCard panel={panel} context={context} width={widthOf(panel, width)} height={pixelsHigh(panel.place.h)} tools={tools}>
                {!stacked && <Grip {...hold} kind="resize" />}
              </PanelCard>
            )}
          </Slot>
        )
      })}
      <p class="visually-hidden" role="status">{said}</p>
    </div>
  )
}

function ToolButton({ icon, label, of, onClick }: { icon: 'copy' | 'edit' | 'trash'; label: string; of: Panel; onClick: () => void }) {
  return (
    <button class="button small icon plain" onClick={onClick} title={label} aria-label={`${label}: ${of.title}`}>
      <Icon name={icon} size={13} />
    </button>
  )
}

interface GripProps {
  panel: Panel
  panels: readonly Panel[]
  width: number
  kind: 'move' | 'resize'
  preview: (next: { panels: Panel[]; id: number } | null) => void
  commit: (panels: Panel[], id: number) => void
}

const arrows: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

function Grip({ panel, panels, width, kind, preview, commit }: GripProps) {
  const start = useRef<{ x: number; y: number; latest: Panel[] | null } | null>(null)
  const { id, place } = panel
  const down = (event: PointerEvent) => {
    if (event.button !== 0) return
    event.preventDefault()
    const grip = event.currentTarget as HTMLElement
    grip.setPointerCapture(event.pointerId)
    grip.focus()
    start.current = { x: event.clientX, y: event.clientY, latest: null }
  }
  // The preview redraws this panel where it would lie, so the way is counted from where it was.
  const from = panels.find((one) => one.id === id)?.place ?? place
  const move = (event: PointerEvent) => {
    if (!start.current) return
    const dx = Math.round((event.clientX - start.current.x) / (columnWidth(width) + gap))
    const dy = Math.round((event.clientY - start.current.y) / (rowHeight + gap))
    const next = kind === 'move' ? movePanel(panels, id, from.x + dx, from.y + dy) : resizePanel(panels, id, from.w + dx, from.h + dy)
    start.current.latest = next
    preview({ panels: next, id })
  }
  const up = () => {
    const next = start.current?.latest
    start.current = null
    preview(null)
    if (next) commit(next, id)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = arrows[event.key]
    if (event.key === 'Escape' && start.current) {
      start.current = null
      preview(null)
    }
    if (!step) return
    event.preventDefault()
    const [dx, dy] = step
    commit(kind === 'resize' || event.shiftKey ? resizePanel(panels, id, place.w + dx, place.h + dy) : stepPanel(panels, id, dx, dy), id)
  }
  const label = t(kind === 'move' ? 'dash.grip' : 'dash.corner')
  return (
    <button
      class={kind === 'move' ? 'button small icon plain dash-grip' : 'dash-corner'} title={label} aria-label={`${label}: ${panel.title}`}
      onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={() => { start.current = null; preview(null) }} onKeyDown={onKeyDown}
    >
      {kind === 'move' && <Icon name="grip" size={14} />}
    </button>
  )
}
