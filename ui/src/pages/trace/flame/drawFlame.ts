import { servicePaint, type Paint } from '../../../components/palette'
import { fitCanvas, type Window } from '../draw'
import type { Trace } from '../trace'
import { nameOf, serviceOf } from '../tree'
import type { Frames } from './frames'

export const laneHeight = 20

export interface FlameView {
  trace: Trace
  frames: Frames
  window: Window
  width: number
  height: number
  scrollTop: number
  selected: number
  hovered: number
  faded: (row: number) => boolean
  colours: Paint
}

export function drawFlame(canvas: HTMLCanvasElement, view: FlameView): void {
  const context = fitCanvas(canvas, view.width, view.height)
  if (!context) return
  context.font = view.colours.font
  context.textBaseline = 'middle'
  const first = Math.floor(view.scrollTop / laneHeight)
  const last = Math.min(view.frames.lanes.length, Math.ceil((view.scrollTop + view.height) / laneHeight))
  for (let lane = first; lane < last; lane += 1) drawLane(context, view, lane)
}

function drawLane(context: CanvasRenderingContext2D, view: FlameView, lane: number): void {
  const { frames, window } = view
  const scale = view.width / (window.to - window.from)
  const y = lane * laneHeight - view.scrollTop
  let drawnTo = -1
  for (const frame of frames.lanes[lane] ?? []) {
    const begin = ((frames.from[frame] as number) - window.from) * scale
    if (begin > view.width) break
    const end = ((frames.to[frame] as number) - window.from) * scale
    // Boxes thinner than a pixel that land on one already drawn change nothing.
    if (end < 0 || (end <= drawnTo && end - begin < 1)) continue
    drawFrame(context, view, frame, { x: Math.max(0, begin), y, width: Math.max(0.7, Math.min(view.width, end) - Math.max(0, begin)) })
    drawnTo = Math.max(drawnTo, Math.ceil(end))
  }
}

function drawFrame(context: CanvasRenderingContext2D, view: FlameView, frame: number, box: { x: number; y: number; width: number }): void {
  const { trace, frames, colours } = view
  const row = frames.row[frame] as number
  const service = serviceOf(trace.tree, row)
  const height = laneHeight - 1
  const chosen = frame === view.selected || frame === view.hovered
  context.globalAlpha = view.faded(row) ? 0.25 : 1
  context.fillStyle = service === '' ? colours.raised : servicePaint(service, colours)
  context.fillRect(box.x, box.y, Math.max(0.7, box.width - (box.width > 3 ? 1 : 0)), height)
  if (frames.errors[frame]) {
    context.fillStyle = colours.error
    context.fillRect(box.x, box.y + height - 4, Math.max(0.7, box.width - 1), 4)
    context.fillStyle = colours.surface
    context.fillRect(box.x, box.y + height - 5, Math.max(0.7, box.width - 1), 1)
  }
  if (chosen) {
    context.strokeStyle = colours.text
    context.lineWidth = 2
    context.strokeRect(box.x + 1, box.y + 1, Math.max(1, box.width - 3), height - 2)
  }
  if (box.width > 34) writeName(context, view, row, frames.spans[frame] as number, box)
  context.globalAlpha = 1
}

const letter = 6.4 // pixels: measuring every name would cost more than drawing it

function writeName(context: CanvasRenderingContext2D, view: FlameView, row: number, spans: number, box: { x: number; y: number; width: number }): void {
  const times = spans > 1 ? `×${spans} ` : ''
  const name = `${times}${nameOf(view.trace.tree, row) || '?'}`
  const room = Math.floor((box.width - 8) / letter)
  context.fillStyle = view.colours.surface
  context.fillText(name.length > room ? `${name.slice(0, Math.max(1, room - 1))}…` : name, box.x + 4, box.y + laneHeight / 2, box.width - 6)
}
