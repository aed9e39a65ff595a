// Whatever JSON somebody has: our own, Grafana's of either schema, bare or as its API and its exports wrap it.
import type { Dashboard } from '../model/document'
import { isObject, object } from '../model/json'
import { isOurs, NotADashboard, readDashboard } from '../model/read'
import { convertClassic, isClassic } from './classic'
import { convertV2, specOfV2 } from './v2'

export type Source = 'luneta' | 'grafana-classic' | 'grafana-v2'

export interface Import {
  source: Source
  dashboard: Dashboard
}

export function importDocument(text: string): Import {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new NotADashboard(cause instanceof Error ? cause.message : String(cause))
  }
  return importValue(value)
}

export function importValue(value: unknown): Import {
  if (isOurs(value)) return { source: 'luneta', dashboard: readDashboard(value) }
  const v2 = specOfV2(value)
  if (v2) return { source: 'grafana-v2', dashboard: checked(convertV2(v2)) }
  for (const inside of [value, object(value)['dashboard'], object(value)['spec']]) {
    const wrapped = specOfV2(inside)
    if (wrapped) return { source: 'grafana-v2', dashboard: checked(convertV2(wrapped)) }
    if (isClassic(inside)) return { source: 'grafana-classic', dashboard: checked(convertClassic(inside)) }
  }
  // Ours with something wrong inside says what.
  if (isObject(value) && value['version'] === 1 && Array.isArray(value['panels'])) return { source: 'luneta', dashboard: readDashboard(value) }
  throw new NotADashboard('neither a dashboard of Luneta nor one of Grafana, of the classic schema or the second')
}

// Whatever the import makes is what a file may hold.
const checked = (dashboard: Dashboard): Dashboard => readDashboard(JSON.parse(JSON.stringify(dashboard)))
