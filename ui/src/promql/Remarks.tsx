// What the server remarks on answers: warnings, and notes that a query may not mean what it seems to.
import type { Answer } from './answer'
import { Icon } from '../components/Icon'

export function Remarks({ answers }: { answers: readonly (Answer<unknown> | undefined)[] }) {
  const warnings = [...new Set(answers.flatMap((answer) => answer?.warnings ?? []))]
  const infos = [...new Set(answers.flatMap((answer) => answer?.infos ?? []))]
  if (warnings.length + infos.length === 0) return null
  return (
    <span class="remarks">
      {warnings.slice(0, 5).map((text) => <span key={text} class="remark warns"><Icon name="warn" size={12} /> {text}</span>)}
      {infos.slice(0, 5).map((text) => <span key={text} class="remark">{text}</span>)}
    </span>
  )
}
