// Canvas drawing of the waterfall and its minimap; no DOM rows here.
import { servicePaint, type Paint } from '../../components/palette'
import { firstSegment, type CriticalPath } from './critical'
import { joinedBars, type Group } from './groups'
import { isError, type TraceTree } from './tree'

export interface Window {
  from: number // nanoseconds from trace start
  to: number
}

export const rowHeight = 26

export function fitCanvas(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio || 1
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)]
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide
    canvas.height = high
  }
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
  const context = canvas.getContext('2d')
  context?.setTransform(ratio, 0, 0, ratio, 0, 0)
  context?.clearRect(0, 0, width, height)
  return context
}

// Four to six round steps over the window.
export function ticks({ from, to }: Window, most = 5): number[] {
  const raw = (to - from) / most
  if (!(raw > 0)) return []
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power
  const marks: number[] = []
  for (let mark = Math.ceil(from / step) * step; mark <= to; mark += step) marks.push(mark)
  return marks
}

export interface BarsView {
  tree: TraceTree
  rows: Int32Array
  first: number
  scrollTop: number
  width: number
  height: number
  window: Window
  selected: number
  dimmed: ReadonlySet<string>
  matches: ReadonlySet<number> | null
  path: CriticalPath | null
  foldedAt: (row: number) => Group | null
  colours: Paint
  label: (nanoseconds: number) => string
}

export function drawBars(canvas: HTMLCanvasElement, view: BarsView): void {
  const context = fitCanvas(canvas, view.width, view.height)
  if (!context) return
  const scale = view.width / (view.window.to - view.window.from)
  context.strokeStyle = view.colours.line
  context.beginPath()
  for (const mark of ticks(view.window)) {
    const x = Math.round((mark - view.window.from) * scale) + 0.5
    context.moveTo(x, 0)
    context.lineTo(x, view.height)
  }
  context.stroke()
  context.font = view.colours.font
  context.textBaseline = 'middle'
  const last = Math.min(view.rows.length, view.first + Math.ceil(view.height / rowHeight) + 2)
  for (let index = view.first; index < last; index += 1) drawBar(context, view, index, scale)
}

function drawBar(context: CanvasRenderingContext2D, view: BarsView, index: number, scale: number): void {
  const { tree, colours } = view
  const row = view.rows[index] as number
  const y = index * rowHeight - view.scrollTop
  const span = tree.spanOf[row] as number
  const service = span < 0 ? '' : (tree.spans.services[span] as string)
  const begin = ((tree.start[row] as number) - view.window.from) * scale
  const width = Math.max(2, (tree.duration[row] as number) * scale)
  if (row === view.selected) {
    context.fillStyle = `${colours.accent}26`
    context.fillRect(0, y, view.width, rowHeight)
  }
  const faded = view.dimmed.has(service) || (view.matches !== null && !view.matches.has(row))
  context.globalAlpha = faded ? 0.22 : 1
  if (span < 0) {
    context.strokeStyle = colours.lineStrong
    context.setLineDash([4, 3])
    context.strokeRect(begin + 0.5, y + 7.5, width, rowHeight - 16)
    context.setLineDash([])
  } else {
    const group = view.foldedAt(row)
    if (group) return drawGroup(context, view, group, { service, y, scale })
    paintBar(context, colours, service, isError(tree, row), { x: begin, y: y + 6, width })
  }
  if (view.path) markPath(context, view, view.path, { row, y, scale })
  writeLabel(context, view, view.label(tree.duration[row] as number), { begin, end: begin + width, middle: y + rowHeight / 2 + 0.5 })
  context.globalAlpha = 1
}

// The part that others waited for: a line under the bar.
function markPath(context: CanvasRenderingContext2D, view: BarsView, path: CriticalPath, { row, y, scale }: { row: number; y: number; scale: number }): void {
  context.fillStyle = view.colours.text
  for (let index = firstSegment(path, row); path.rows[index] === row; index += 1) {
    const from = ((path.from[index] as number) - view.window.from) * scale
    context.fillRect(from, y + rowHeight - 5, Math.max(1.5, ((path.to[index] as number) - (path.from[index] as number)) * scale), 2.5)
  }
}

function drawGroup(context: CanvasRenderingContext2D, view: BarsView, group: Group, { service, y, scale }: { service: string; y: number; scale: number }): void {
  let [begin, end] = [Infinity, -Infinity]
  for (const bar of barsOf(view.tree, group, 1.5 / scale)) {
    const x = (bar.from - view.window.from) * scale
    const width = Math.max(1.5, (bar.to - bar.from) * scale)
    context.fillStyle = bar.error ? view.colours.error : servicePaint(service, view.colours)
    context.fillRect(x, y + 6, width, rowHeight - 12)
    begin = Math.min(begin, x)
    end = Math.max(end, x + width)
  }
  writeLabel(context, view, `Σ ${view.label(group.total)}`, { begin, end, middle: y + rowHeight / 2 + 0.5 })
  context.globalAlpha = 1
}

const joined = new WeakMap<Group, { gap: number; bars: ReturnType<typeof joinedBars> }>()

function barsOf(tree: TraceTree, group: Group, gap: number): ReturnType<typeof joinedBars> {
  const known = joined.get(group)
  if (known?.gap === gap) return known.bars
  const bars = joinedBars(tree, group, gap)
  joined.set(group, { gap, bars })
  return bars
}

// After the bar, else before it, else inside it.
function writeLabel(context: CanvasRenderingContext2D, view: BarsView, text: string, bar: { begin: number; end: number; middle: number }): void {
  const size = context.measureText(text).width
  const after = Math.max(6, bar.end + 6)
  const before = Math.min(bar.begin, view.width) - size - 6
  const inside = after + size >= view.width && before < 2
  context.fillStyle = inside ? view.colours.surface : view.colours.text2
  const x = inside ? Math.max(6, bar.begin + 6) : after + size < view.width ? after : before
  context.fillText(text, x, bar.middle)
}

function paintBar(context: CanvasRenderingContext2D, colours: Paint, service: string, failed: boolean, box: { x: number; y: number; width: number }): void {
  const height = rowHeight - 12
  context.fillStyle = servicePaint(service, colours)
  context.beginPath()
  context.roundRect(box.x, box.y, box.width, height, Math.min(3, box.width / 2))
  context.fill()
  if (!failed) return
  // An error is also a shape: a cap with a notch, so that colour is not the only sign.
  context.fillStyle = colours.error
  context.fillRect(box.x, box.y + height - 3, box.width, 3)
  context.beginPath()
  context.moveTo(box.x - 5, box.y - 2)
  context.lineTo(box.x + 5, box.y - 2)
  context.lineTo(box.x, box.y + 6)
  context.fill()
}

export function drawMinimap(canvas: HTMLCanvasElement, tree: TraceTree, width: number, height: number, colours: Paint): void {
  const context = fitCanvas(canvas, width, height)
  if (!context || tree.extent <= 0) return
  const scale = width / tree.extent
  const step = height / Math.max(tree.total, 1)
  const thick = Math.max(1, Math.min(4, step))
  // More rows than pixels: draw a sample, but never skip an error.
  const stride = Math.max(1, Math.floor(tree.total / (height * 60)))
  for (const failed of [false, true]) {
    for (let row = 0; row < tree.total; row += failed ? 1 : stride) {
      const span = tree.spanOf[row] as number
      if (span < 0 || isError(tree, row) !== failed) continue
      context.fillStyle = failed ? colours.error : servicePaint(tree.spans.services[span] as string, colours)
      context.fillRect((tree.start[row] as number) * scale, Math.floor(row * step), Math.max(1, (tree.duration[row] as number) * scale), thick)
    }
  }
}
