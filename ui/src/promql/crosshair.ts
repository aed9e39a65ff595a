// Where in time the pointer stands, told to all charts of a group, however each of them draws.
type Listener = (time: number | null) => void

const groups = new Map<string, Set<Listener>>()

export function follow(group: string, listener: Listener): () => void {
  const listeners = groups.get(group) ?? new Set()
  groups.set(group, listeners.add(listener))
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0 && groups.get(group) === listeners) groups.delete(group)
  }
}

// Seconds since 1970, or null once the pointer has left.
export function point(group: string, time: number | null): void {
  for (const listener of groups.get(group) ?? []) listener(time)
}
