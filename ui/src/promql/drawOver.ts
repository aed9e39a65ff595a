// What is drawn over and under the lines: thresholds, deployments, exemplars.
import type uPlot from 'uplot'
import { readVariable } from './colour'
import type { ExemplarMark } from './exemplars'
import type { Drawing } from './Plot'

export function drawThresholds(plot: uPlot, { thresholds = [], colours }: Drawing, below: boolean): void {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  thresholds.forEach(({ value, colour, label, fill }, index) => {
    const y = Math.round(plot.valToPos(value, 'y', true))
    const stroke = readVariable(colour)
    if (below) {
      if (!fill) return
      const next = thresholds[index + 1]
      const top = next ? Math.max(bbox.top, plot.valToPos(next.value, 'y', true)) : bbox.top
      ctx.fillStyle = stroke
      ctx.globalAlpha = 0.1
      ctx.fillRect(bbox.left, top, bbox.width, y - top)
      return
    }
    ctx.strokeStyle = stroke
    ctx.lineWidth = devicePixelRatio
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio])
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(bbox.left + bbox.width, y)
    ctx.stroke()
    if (!label) return
    ctx.fillStyle = colours.text2
    ctx.font = scaled(colours.font)
    ctx.fillText(label, bbox.left + 4 * devicePixelRatio, y - 4 * devicePixelRatio)
  })
  ctx.restore()
}

const scaled = (font: string): string => font.replace(/^\d+/, (size) => String(Number(size) * devicePixelRatio))

export function drawMarkers(plot: uPlot, { markers = [], colours }: Drawing): void {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  ctx.lineWidth = devicePixelRatio
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio])
  for (const { time, end, colour } of markers) {
    const [x, until] = [time, end ?? time].map((at) => Math.round(plot.valToPos(at, 'x', true)))
    if (x === undefined || until === undefined) continue
    ctx.strokeStyle = ctx.fillStyle = colour ? readVariable(colour) : colours.accent
    if (until > x) {
      ctx.globalAlpha = 0.12
      ctx.fillRect(x, bbox.top, until - x, bbox.height)
      ctx.globalAlpha = 1
    }
    for (const edge of until > x ? [x, until] : [x]) {
      ctx.beginPath()
      ctx.moveTo(edge, bbox.top)
      ctx.lineTo(edge, bbox.top + bbox.height)
      ctx.stroke()
    }
    drawFoot(ctx, x, bbox.top + bbox.height)
  }
  ctx.restore()
}

// A small wedge on the axis, by which a mark is found among the lines.
function drawFoot(ctx: CanvasRenderingContext2D, x: number, bottom: number): void {
  const size = 4 * devicePixelRatio
  ctx.beginPath()
  ctx.moveTo(x, bottom - size * 1.4)
  ctx.lineTo(x + size, bottom)
  ctx.lineTo(x - size, bottom)
  ctx.closePath()
  ctx.fill()
}

const half = 4.5

// Above the axis's end an exemplar is drawn at its edge.
function placeOf(plot: uPlot, { time, value }: ExemplarMark, canvas: boolean): { x: number; y: number } {
  const { max } = plot.scales['y'] ?? {}
  const most = typeof max === 'number' ? max : value
  return { x: plot.valToPos(time, 'x', canvas), y: plot.valToPos(Math.min(value, most), 'y', canvas) }
}

export function drawExemplars(plot: uPlot, { exemplars = [], colours }: Drawing): void {
  const { ctx, bbox } = plot
  const size = half * devicePixelRatio
  ctx.save()
  ctx.fillStyle = colours.accent
  ctx.strokeStyle = colours.surface
  ctx.lineWidth = devicePixelRatio
  for (const mark of exemplars) {
    const { x, y } = placeOf(plot, mark, true)
    if (x < bbox.left || x > bbox.left + bbox.width || !Number.isFinite(y)) continue
    ctx.beginPath()
    ctx.moveTo(x, y - size)
    ctx.lineTo(x + size, y)
    ctx.lineTo(x, y + size)
    ctx.lineTo(x - size, y)
    ctx.closePath()
    ctx.fill()
    ctx.stroke()
  }
  ctx.restore()
}

// The exemplar under the pointer.
export function nearestMark(plot: uPlot, exemplars: readonly ExemplarMark[], left: number, top: number): ExemplarMark | null {
  let best: ExemplarMark | null = null
  let least = 9
  for (const mark of exemplars) {
    const { x, y } = placeOf(plot, mark, false)
    const distance = Math.hypot(x - left, y - top)
    if (distance < least) [best, least] = [mark, distance]
  }
  return best
}

export function markAt(plot: uPlot, exemplars: readonly ExemplarMark[], event: MouseEvent): ExemplarMark | null {
  const box = plot.over.getBoundingClientRect()
  return nearestMark(plot, exemplars, event.clientX - box.left, event.clientY - box.top)
}
