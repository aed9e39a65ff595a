// Parses the answer and lays the trace out, away from the page's thread.
import type { SqlAnswer } from '../../api/types'
import { readTrace } from './readTrace'
import { packTrace } from './trace'

interface Scope {
  onmessage: ((event: MessageEvent<ArrayBuffer>) => void) | null
  postMessage: (message: unknown, transfer: Transferable[]) => void
}
const scope = globalThis as unknown as Scope

scope.onmessage = ({ data }) => {
  const answer = JSON.parse(new TextDecoder().decode(data)) as SqlAnswer
  const { packed, buffers } = packTrace(readTrace(answer))
  scope.postMessage(packed, buffers)
}
