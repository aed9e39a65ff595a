import { CopyButton } from '../../components/Copy'
import { Icon } from '../../components/Icon'
import { t } from '../../i18n/translate'
import { count, duration, fullTime, percent } from '../../time/format'
import { toMilliseconds } from '../../time/nanoseconds'
import { pathByService } from './critical'
import { spanLimit } from './load'
import type { TraceTree } from './model'
import type { Source } from './source'
import type { Trace } from './trace'

export function rootName({ spanOf, spans }: TraceTree): string {
  const span = spanOf.find((candidate) => candidate >= 0) ?? 0
  return `${spans.services[span] ?? ''} ${spans.names[span] ?? ''}`
}

export function ErrorTag({ tree }: { tree: TraceTree }) {
  if (tree.errorCount === 0) return null
  return (
    <span class="tag error">
      <Icon name="error" size={12} /> {t('trace.errors', { n: tree.errorCount })}
    </span>
  )
}

export function TraceFacts({ source, trace }: { source: Source; trace: Trace }) {
  const { tree, origin } = trace
  const facts: [string, string][] = [
    [t('trace.duration'), duration(tree.extent)],
    [t('trace.services'), count(tree.serviceNames.length)],
    [t('trace.depth'), count(tree.depthMost)],
    [t('trace.totalSpans'), count(tree.spanCount)],
  ]
  return (
    <div class="facts">
      {facts.map(([name, value]) => (
        <div class="fact" key={name}>
          <span>{name}</span>
          <b class="num">{value}</b>
        </div>
      ))}
      <div class={`fact ${tree.errorCount > 0 ? 'error-text' : ''}`}>
        <span>{t('trace.errorCount')}</span>
        <b class="num row">
          {tree.errorCount > 0 && <Icon name="error" size={15} />}
          {count(tree.errorCount)}
        </b>
      </div>
      <CriticalFact trace={trace} />
      <div class="fact wide hide-phone">
        <span>{t('trace.start')}</span>
        <b class="num small">{fullTime(toMilliseconds(origin))}</b>
      </div>
      <div class="fact wide">
        <span>trace_id</span>
        <b class="mono small row">
          <span class="cut">{source.traceId}</span>
          <CopyButton text={source.traceId} />
        </b>
      </div>
    </div>
  )
}

// How much of the trace its critical path explains, and whose time that mostly is.
function CriticalFact({ trace: { tree, path } }: { trace: Trace }) {
  const [most] = pathByService(tree, path)
  if (!most || path.time === 0) return null
  return (
    <div class="fact" title={t('trace.critical.hint')}>
      <span>{t('trace.critical')}</span>
      <b class="num row">
        {percent(Math.min(1, path.time / tree.extent))}
        <small class="quiet">{t('trace.critical.of', { n: path.spanCount, service: most[0], share: percent(most[1] / path.time) })}</small>
      </b>
    </div>
  )
}

export function TraceWarnings({ trace: { tree, truncated }, partial }: { trace: Trace; partial: boolean }) {
  const { problems } = tree
  const notes = [
    partial && t('trace.partial', { n: tree.spanCount }),
    truncated && t('trace.truncated', { n: spanLimit }),
    problems.missingParents > 0 && !partial && t('trace.problem.missing', { n: problems.orphans, parents: problems.missingParents }),
    problems.roots === 0 && problems.missingParents > 0 && t('trace.problem.noRoot'),
    problems.cycles > 0 && t('trace.problem.cycles', { n: problems.cycles }),
    problems.selfParents > 0 && t('trace.problem.selfParents', { n: problems.selfParents }),
    problems.skewed > 0 && t('trace.problem.skew', { n: problems.skewed }),
    problems.duplicates > 0 && t('trace.problem.duplicates', { n: problems.duplicates }),
    problems.repeated > 0 && t('trace.problem.repeated', { n: problems.repeated }),
  ].filter((note) => note !== false)
  if (notes.length === 0) return null
  return (
    <div class="banner" role={partial ? 'status' : 'note'}>
      <Icon name="warn" size={14} />
      {notes.map((note) => (
        <span key={note}>{note}</span>
      ))}
    </div>
  )
}
