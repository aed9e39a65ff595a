// What became of each panel of an import, as the dashboard remembers it.
import type { Dashboard, Note, Verdict } from './document'
import { filled, object } from './json'

export interface ReportLine {
  id: number
  title: string
  kind: string // as Grafana names it, or as we do
  verdict: Verdict
  notes: readonly Note[]
}

export function reportOf({ panels }: Dashboard): ReportLine[] {
  return panels
    .filter(({ type, imported }) => type !== 'row' || imported)
    .map(({ id, title, type, imported }) => ({
      id, title, kind: filled(object(imported?.original)['type']) ?? type, verdict: imported?.verdict ?? 'converted', notes: imported?.notes ?? [],
    }))
}

export const isImported = ({ imported, panels }: Dashboard): boolean => imported !== undefined || panels.some((panel) => panel.imported !== undefined)
