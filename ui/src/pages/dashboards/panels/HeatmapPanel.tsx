import { useMemo } from 'preact/hooks'
import type { MatrixSeries, Steps } from '../../../promql/answer'
import { Heatmap } from '../../../promql/Heatmap'
import { cellsOf, rowsOfSeries } from '../../../promql/heatmap'
import type { BodyProps } from './ChartPanel'

export function HeatmapPanel({ panel, data, title, height, steps, group, markers }: BodyProps & { steps: Steps }) {
  const cells = useMemo(() => (hasBuckets(data.matrix) ? cellsOf(data.matrix, steps) : rowsOfSeries(data.matrix, steps)), [data.matrix, steps])
  return <Heatmap title={title} cells={cells} height={height} group={group} markers={markers} {...(panel.unit ? { unit: panel.unit } : {})} />
}

const hasBuckets = (matrix: readonly MatrixSeries[]): boolean => matrix.some(({ metric, histograms = [] }) => metric['le'] !== undefined || histograms.length > 0)
