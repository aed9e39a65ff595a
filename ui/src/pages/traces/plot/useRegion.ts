import { useMemo } from 'preact/hooks'
import { setParams, useParam } from '../../../url/state'
import { parseRegion, writeRegion, type Region } from './region'

type SetRegion = (region: Region | null, options?: { replace?: boolean }) => void

export function useRegion(): [Region | null, SetRegion] {
  const [written] = useParam('sel')
  const region = useMemo(() => parseRegion(written), [written])
  const set: SetRegion = (next, options) =>
    setParams((params) => {
      if (next) params.set('sel', writeRegion(next))
      else params.delete('sel')
    }, options)
  return [region, set]
}

// The lower half of the page: the traces, or how the selection differs.
export function useLower(): ['traces' | 'compare', (which: 'traces' | 'compare') => void] {
  const [written, set] = useParam('view', 'traces')
  return [written === 'compare' ? 'compare' : 'traces', (which) => set(which)]
}

// A selection and its comparison, as one step of the history.
export function selectAndCompare(region: Region): void {
  setParams((params) => {
    params.set('sel', writeRegion(region))
    params.set('view', 'compare')
  })
}
