// Geometry of the drawing: smooth lines through the points of the layout, and what fits the view.
import type { Point } from './layout'

export interface Camera {
  x: number
  y: number
  zoom: number
}

const round = (value: number): string => value.toFixed(1)

export function curve(points: readonly Point[]): string {
  const [first, ...rest] = points
  const last = rest.at(-1)
  if (!first || !last) return ''
  let path = `M${round(first.x)} ${round(first.y)}`
  for (let index = 0; index < rest.length - 1; index += 1) {
    const [here, next] = [rest[index] as Point, rest[index + 1] as Point]
    path += ` Q${round(here.x)} ${round(here.y)} ${round((here.x + next.x) / 2)} ${round((here.y + next.y) / 2)}`
  }
  return `${path} L${round(last.x)} ${round(last.y)}`
}

export const zoomLeast = 0.15
export const zoomMost = 3
const readableLeast = 0.62 // smaller text cannot be read: rather show a part

export function fitCamera(graph: { width: number; height: number }, view: { width: number; height: number }): Camera {
  const whole = Math.min(view.width / Math.max(1, graph.width), view.height / Math.max(1, graph.height))
  const zoom = Math.max(readableLeast, Math.min(1.15, whole))
  const centred = (space: number, size: number): number => Math.max(0, (space - size * zoom) / 2)
  return { x: centred(view.width, graph.width), y: centred(view.height, graph.height), zoom }
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
