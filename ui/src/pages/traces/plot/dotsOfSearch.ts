import { readValue } from '../../../api/anyValue'
import type { SearchAnswer } from '../../../api/tempo'
import type { Range } from '../../../time/range'
import type { Dot } from './cells'

// The spans of a search that selected their status and service.
export function dotsOfSearch(answer: SearchAnswer, range: Range): Dot[] {
  return answer.traces.flatMap(({ traceID, spanSets }) =>
    spanSets.flatMap(({ spans }) =>
      spans.map(({ spanID, name, startTimeUnixNano, durationNanos, attributes }) => {
        const of = (key: string): string => {
          const found = attributes.find((attribute) => attribute.key === key)
          return found ? readValue(found.value) : ''
        }
        return { at: Number(BigInt(startTimeUnixNano) - range.from), duration: Number(durationNanos), failed: of('status') === 'error', trace: traceID, span: spanID, name, service: of('resource.service.name') }
      }),
    ),
  ).filter(({ at }) => at >= 0 && at < Number(range.to - range.from))
}
