// Pure: searches that somebody gave a name, as the part of an address behind `?`.
export interface View {
  name: string
  search: string
}

export const viewsMost = 200
const nameMost = 120

// What belongs to the moment stays out: the range, the place in the list, and whether it is live.
const moment = ['range', 'from', 'to', 'at', 'live']

export function viewOf(name: string, address: string, withRange: boolean): View {
  const params = new URLSearchParams(address)
  for (const key of withRange ? ['at'] : moment) params.delete(key)
  return { name: name.trim().slice(0, nameMost), search: params.toString() }
}

export function readViews(written: string | null): View[] {
  try {
    const parsed: unknown = JSON.parse(written ?? '[]')
    if (!Array.isArray(parsed)) return []
    return parsed.flatMap((one: unknown): View[] => {
      if (!Array.isArray(one) || typeof one[0] !== 'string' || typeof one[1] !== 'string') return []
      return [{ name: one[0], search: one[1] }]
    }).slice(0, viewsMost)
  } catch {
    return []
  }
}

export const writeViews = (views: readonly View[]): string => JSON.stringify(views.map(({ name, search }) => [name, search]))

// The newest first; a name that is there already gets the new search.
export const withView = (views: readonly View[], view: View): View[] => [view, ...views.filter(({ name }) => name !== view.name)].slice(0, viewsMost)

// The address of a view, in the range that is chosen now unless it has one of its own.
export function addressOf({ search }: View, current: string): string {
  const params = new URLSearchParams(search)
  const now = new URLSearchParams(current)
  if (!params.has('range') && !params.has('from')) for (const key of ['range', 'from', 'to']) if (now.has(key)) params.set(key, now.get(key) ?? '')
  return params.toString()
}
