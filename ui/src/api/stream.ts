import { useEffect, useRef } from 'preact/hooks'
import { signal, type Signal } from '@preact/signals'
import { resolve } from '../url/base'

export type StreamState = 'connecting' | 'open' | 'lost'

// Subscribes to one named server-sent event while the component is mounted; a null path closes it.
export function useStream<T>(path: string | null, event: string, onMessage: (data: T) => void, state?: Signal<StreamState>): void {
  const latest = useRef(onMessage)
  latest.current = onMessage
  useEffect(() => {
    if (path === null) return
    const source = new EventSource(resolve(path))
    if (state) state.value = 'connecting'
    source.onopen = () => {
      if (state) state.value = 'open'
    }
    source.onerror = () => {
      if (state) state.value = 'lost'
    }
    source.addEventListener(event, (message) => latest.current(JSON.parse((message as MessageEvent<string>).data) as T))
    return () => source.close()
  }, [path, event])
}

export const newStreamState = (): Signal<StreamState> => signal<StreamState>('connecting')
