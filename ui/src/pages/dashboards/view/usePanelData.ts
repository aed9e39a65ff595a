import { useMemo } from 'preact/hooks'
import { useLoad, type Loaded } from '../../../api/query'
import type { Mark } from '../../../promql/marks'
import type { Range } from '../../../time/range'
import type { Panel } from '../model/document'
import { askPanel } from '../panels/ask'
import type { PanelData } from '../panels/data'
import { prepare, type Prepared } from '../panels/prepare'
import type { Scope } from '../variables/interpolate'

export interface Context {
  range: Range
  scope: Scope
  samples: string | undefined
  title: string
  group: string // charts that share a cross-hair
  marks: readonly Mark[]
}

export interface Shown extends Loaded<PanelData> {
  prepared: Prepared
}

// About one point for every two pixels and a half, in few sizes, so that a small resize asks nothing new.
const pointsFor = (width: number): number => Math.min(800, Math.max(60, Math.round(width / 2.5 / 40) * 40))

const asksNothing = (panel: Panel): boolean => panel.type === 'text' || panel.type === 'row' || panel.type === 'unsupported'

export function usePanelData(panel: Panel, { range, scope, samples, title }: Context, width: number, inView: boolean): Shown {
  const points = pointsFor(width)
  const prepared = useMemo(() => prepare(panel, { range, scope, points, samples, title }), [panel, range, scope, points, samples, title])
  const { questions, steps } = prepared
  const timely = questions.some(({ language, instant }) => language !== 'promql' || instant)
  const key = ['panel', panel.type, questions, steps.start, steps.end, steps.step, timely ? String(range.to) : '']
  const loaded = useLoad(key, (signal) => askPanel(panel.type, prepared, signal), { enabled: inView && width > 0 && questions.length > 0 && !asksNothing(panel) })
  return { ...loaded, prepared }
}
