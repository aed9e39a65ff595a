// Dashboards that are there from the first day. They open without being saved; a copy of one is one's own.
import { readDashboard } from '../model/read'
import type { Dashboard } from '../model/document'

const sources: Record<string, () => Promise<{ default: unknown }>> = {
  'python-service': () => import('./python-service.json'),
  luneta: () => import('./luneta.json'),
}

export interface Ready {
  id: string
  title: 'dash.ready.python' | 'dash.ready.luneta'
  hint: 'dash.ready.python.hint' | 'dash.ready.luneta.hint'
  tags: readonly string[]
}

export const readyOnes: readonly Ready[] = [
  { id: 'python-service', title: 'dash.ready.python', hint: 'dash.ready.python.hint', tags: ['python', 'opentelemetry'] },
  { id: 'luneta', title: 'dash.ready.luneta', hint: 'dash.ready.luneta.hint', tags: ['luneta'] },
]

export async function readyDashboard(id: string): Promise<Dashboard | null> {
  const load = Object.hasOwn(sources, id) ? sources[id] : undefined
  return load ? readDashboard((await load()).default) : null
}
