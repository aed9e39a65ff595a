// Questions that nobody waits for: a few at a time, so that they never stand before those somebody does.
import { ApiError } from '../api/client'

const runningMost = 3
let running = 0
const waiting: (() => void)[] = []

export async function inTurn<T>(run: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  if (running >= runningMost) await turn(signal)
  else running += 1
  try {
    return await run()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }
}

// The turn is handed on by who has it, so the count of those running stays.
function turn(signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const start = () => {
      signal?.removeEventListener('abort', leave)
      resolve()
    }
    const leave = () => {
      const at = waiting.indexOf(start)
      if (at >= 0) waiting.splice(at, 1)
      reject(new ApiError({ kind: 'cancelled', message: 'cancelled' }, 0))
    }
    if (signal?.aborted) return leave()
    signal?.addEventListener('abort', leave, { once: true })
    waiting.push(start)
  })
}
