import type { ExemplarMark } from '../../promql/exemplars'
import { linkTo } from '../../url/state'

export const traceLink = ({ traceId, spanId }: ExemplarMark): string => linkTo(`/trace/${traceId}`, spanId ? { span: spanId } : {})
