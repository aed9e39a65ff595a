// What went wrong, from the body of an answer: each API of the server says it in its own form.
import type { Fault, FaultKind } from './types'

const kindsOfPrometheus: Record<string, FaultKind> = { bad_data: 'plan', execution: 'execution', timeout: 'timeout', canceled: 'cancelled', unavailable: 'busy' }
const placed = /^(?:invalid parameter "[^"]*": )?(\d+):(\d+): (?:parse error: )?([\s\S]*)$/

// Prometheus's and Loki's faults are a type and a text, in which stands where the query is wrong.
export function faultOfText(errorType: string, message: string): Fault {
  const place = placed.exec(message)
  if (errorType === 'bad_data' && place) return { kind: 'parse', message: place[3] ?? '', position: { line: Number(place[1]), column: Number(place[2]) } }
  if (/limit of \d+|\(limit \d+\)/.test(message)) return { kind: 'limit', message }
  return { kind: kindsOfPrometheus[errorType] ?? 'execution', message: message.replace(/^invalid parameter "query": /, '') }
}

const longest = 400

const ofStatus = (status: number): FaultKind => (status === 429 ? 'busy' : status === 504 ? 'timeout' : 'execution')

export function readFault(body: string, status: number): Fault {
  const { error, errorType } = parsed(body)
  if (typeof error === 'object' && error !== null && 'message' in error) return error as Fault
  if (typeof error === 'string' && error !== '') {
    const fault = faultOfText(typeof errorType === 'string' ? errorType : '', error)
    return fault.kind === 'execution' ? { ...fault, kind: ofStatus(status) } : fault
  }
  return { kind: ofStatus(status), message: body.slice(0, longest) || `HTTP ${status}` }
}

// A proxy may answer with something that is no JSON.
function parsed(body: string): { error?: unknown; errorType?: unknown } {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
