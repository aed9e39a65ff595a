import type { Reducer } from '../model/document'
import type { Findings } from './notes'

// The legend with figures has those of every chart: last, min, mean and max.
export function legendFigures(wanted: readonly Reducer[], findings: Findings): boolean {
  const others = wanted.filter((one) => !['last', 'min', 'mean', 'max'].includes(one))
  if (others.length > 0) findings.differs('legendFigures', others.join(', '))
  return wanted.length > 0
}
