// The sections of the page come one by one, as they are opened: most visits look at the first alone.
import type { FunctionComponent } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Failed, Skeleton } from '../../components/Notice'
import { Overview } from './Overview'
import type { ServiceScope } from './scope'

export const sections = ['overview', 'dependencies', 'database', 'errors', 'runtime', 'logs'] as const
export type SectionId = (typeof sections)[number]

type Body = FunctionComponent<{ scope: ServiceScope }>

const loaders: Record<Exclude<SectionId, 'overview'>, () => Promise<Body>> = {
  dependencies: () => import('./Dependencies').then((module) => module.Dependencies),
  database: () => import('./Database').then((module) => module.Database),
  errors: () => import('./Errors').then((module) => module.Errors),
  runtime: () => import('./Runtime').then((module) => module.Runtime),
  logs: () => import('./Logs').then((module) => module.Logs),
}

const loaded = new Map<SectionId, Body>([['overview', Overview]])

export function Section({ id, scope }: { id: SectionId; scope: ServiceScope }) {
  const [, redraw] = useState(0)
  const [failure, setFailure] = useState<string | null>(null)
  const Known = loaded.get(id)
  useEffect(() => {
    if (id === 'overview' || loaded.has(id)) return
    loaders[id]().then(
      (body) => {
        loaded.set(id, body)
        redraw((tick) => tick + 1)
      },
      (cause: unknown) => setFailure(String(cause)),
    )
  }, [id])
  if (Known) return <Known scope={scope} />
  return failure ? <Failed fault={{ kind: 'network', message: failure }} retry={() => location.reload()} /> : <Skeleton height={240} />
}
