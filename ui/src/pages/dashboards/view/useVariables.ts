// The variables of a dashboard and what the address chose for them, as `var-name=value`.
import { useMemo } from 'preact/hooks'
import { useLoad } from '../../../api/query'
import type { Fault } from '../../../api/types'
import type { Range } from '../../../time/range'
import { setParams, useParams } from '../../../url/state'
import { allValues, type Dashboard } from '../model/document'
import { askVariable } from '../variables/ask'
import type { Scope } from '../variables/interpolate'
import { resolveVariables, scopeOf, type Picked, type Resolved } from '../variables/resolve'

const prefix = 'var-'

export function readPicked(params: URLSearchParams): Picked {
  const picked: Record<string, string[]> = {}
  for (const [key, value] of params) {
    if (!key.startsWith(prefix)) continue
    const name = key.slice(prefix.length)
    // Addresses of Grafana say "All".
    ;(picked[name] ??= []).push(value === 'All' ? allValues : value)
  }
  return picked
}

export function pick(name: string, values: readonly string[]): void {
  setParams((params) => {
    params.delete(prefix + name)
    for (const value of values) params.append(prefix + name, value)
  })
}

export interface Variables {
  resolved: readonly Resolved[]
  scope: Scope
  ready: boolean
  fetching: boolean
  fault: Fault | null
}

const minute = 60_000_000_000n

export function useVariables({ variables, sampleInterval }: Dashboard, range: Range): Variables {
  const params = useParams()
  const written = [...params].filter(([key]) => key.startsWith(prefix)).map((pair) => pair.join('=')).join('&')
  const picked = useMemo(() => readPicked(params), [written])
  const key = JSON.stringify(variables)
  // Options of the same minute are the same.
  const loaded = useLoad(
    ['dashboard-variables', key, written, String(range.from / minute), String(range.to / minute), sampleInterval],
    () => resolveVariables(variables, { range, picked, ask: askVariable, samples: sampleInterval }),
    { enabled: variables.length > 0 },
  )
  const scope = useMemo(() => scopeOf(loaded.data ?? []), [loaded.data])
  const ready = variables.length === 0 || loaded.data !== undefined
  return { resolved: variables.length === 0 ? [] : (loaded.data ?? []), scope, ready, fetching: loaded.fetching, fault: loaded.fault }
}
