import { arrange, type LayoutRequest } from './layout'

self.onmessage = ({ data: { id, boxes, wires, labelled } }: MessageEvent<LayoutRequest>) => {
  self.postMessage({ id, layout: arrange(boxes, wires, labelled) })
}
