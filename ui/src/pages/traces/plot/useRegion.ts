import { useMemo } from 'preact/hooks'
import { setParams, useParam } from '../../../url/state'
import { parseRegion, writeRegion, type Region } from './region'

export function useRegion(): [Region | null, (region: Region | null) => void] {
  const [written] = useParam('sel')
  const region = useMemo(() => parseRegion(written), [written])
  const set = (next: Region | null) =>
    setParams((params) => {
      if (next) params.set('sel', writeRegion(next))
      else params.delete('sel')
    })
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
