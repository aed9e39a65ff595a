// Geometry of the drawing: lines through the points of the layout, and what fits the view.
import type { Point } from './layout'

export interface Camera {
  x: number
  y: number
  zoom: number
}

const round = (value: number): string => value.toFixed(1)

// Level where it leaves and arrives, and without overshooting in between.
export function curve(points: readonly Point[]): string {
  const [first, ...rest] = points
  if (!first || rest.length === 0) return ''
  const slopes = points.map((here, index) => slopeAt(points[index - 1], here, points[index + 1]))
  let path = `M${round(first.x)} ${round(first.y)}`
  rest.forEach((next, index) => {
    const here = points[index] as Point
    const third = (next.x - here.x) / 3
    const [leave = 0, arrive = 0] = [slopes[index], slopes[index + 1]]
    // A steep step without inner points is an S: its handles reach to the middle.
    const reach = rest.length === 1 ? third * 1.5 : third
    path += ` C${round(here.x + reach)} ${round(here.y + leave * reach)} ${round(next.x - reach)} ${round(next.y - arrive * reach)} ${round(next.x)} ${round(next.y)}`
  })
  return path
}

// The slope of a smooth line at a point: level at its ends and where it turns, else between its neighbours'.
function slopeAt(before: Point | undefined, here: Point, after: Point | undefined): number {
  if (!before || !after || before.x === here.x || here.x === after.x) return 0
  const into = (here.y - before.y) / (here.x - before.x)
  const out = (after.y - here.y) / (after.x - here.x)
  return into * out <= 0 ? 0 : (2 * into * out) / (into + out)
}

// The tip of an arrow; edges reach their end level, from the left or from the right.
export function arrow(points: readonly Point[], size: number): string {
  const [before, end] = points.slice(-2)
  if (!before || !end) return ''
  const back = end.x >= before.x ? -size : size
  return `M${round(end.x)} ${round(end.y)} L${round(end.x + back)} ${round(end.y - size * 0.45)} L${round(end.x + back)} ${round(end.y + size * 0.45)} Z`
}

export const zoomLeast = 0.04
export const zoomMost = 3
const readableLeast = 0.62 // smaller text cannot be read: rather show a part, but of a large map its outline

const overview = 0.2 // below it a part would show next to nothing of the whole

// What does not fit is shown around the focus, or from its beginning.
export function fitCamera(graph: { width: number; height: number }, view: { width: number; height: number }, around: Point = { x: 0, y: 0 }): Camera {
  const whole = Math.min(view.width / Math.max(1, graph.width), view.height / Math.max(1, graph.height))
  const zoom = Math.max(whole < overview ? zoomLeast : readableLeast, Math.min(1.15, whole))
  const placed = (space: number, size: number, at: number): number =>
    size * zoom <= space ? (space - size * zoom) / 2 : Math.min(0, Math.max(space - size * zoom, space / 2 - at * zoom))
  return { x: placed(view.width, graph.width, around.x), y: placed(view.height, graph.height, around.y), zoom }
}

// Zooms while the point under the pointer stays where it is.
export function zoomAt({ x, y, zoom }: Camera, factor: number, at: Point): Camera {
  const next = Math.min(zoomMost, Math.max(zoomLeast, zoom * factor))
  const ratio = next / zoom
  return { x: at.x - (at.x - x) * ratio, y: at.y - (at.y - y) * ratio, zoom: next }
}

export function reveal(camera: Camera, node: Point, view: { width: number; height: number }): Camera {
  const margin = 100
  const [left, top] = [node.x * camera.zoom + camera.x, node.y * camera.zoom + camera.y]
  const shift = (at: number, space: number): number => (at < margin ? margin - at : at > space - margin ? space - margin - at : 0)
  return { ...camera, x: camera.x + shift(left, view.width), y: camera.y + shift(top, view.height) }
}

export const writeCamera = ({ x, y, zoom }: Camera): string => `${Math.round(x)},${Math.round(y)},${zoom.toFixed(2)}`

export function readCamera(written: string): Camera | null {
  const [x, y, zoom] = written.split(',').map(Number)
  if (x === undefined || y === undefined || zoom === undefined || ![x, y, zoom].every(Number.isFinite)) return null
  return { x, y, zoom: Math.min(zoomMost, Math.max(zoomLeast, zoom)) }
}
