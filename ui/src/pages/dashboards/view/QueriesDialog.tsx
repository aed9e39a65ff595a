// "Show query": what is really asked, variables put in, and where to go on with it.
import { Link } from 'wouter-preact'
import { CopyButton } from '../../../components/Copy'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { editorLink } from '../../../promql/ShowPromql'
import { Dialog } from '../../../shell/Dialog'
import { linkTo } from '../../../url/state'
import type { PanelData } from '../panels/data'
import type { Prepared, Question } from '../panels/prepare'
import { writeInterval } from '../variables/interval'

interface Props {
  title: string
  prepared: Prepared
  data: PanelData | undefined
  close: () => void
}

const names = { promql: 'PromQL', sql: 'SQL', traceql: 'TraceQL' } as const

export function QueriesDialog({ title, prepared, data, close }: Props) {
  const { questions, steps } = prepared
  return (
    <Dialog title={title || t('dash.query')} close={close}>
      <div class="stack dash-queries">
        {questions.map((question) => (
          <div key={question.ref} class="stack">
            <div class="row wrap">
              <span class="tag">{question.ref}</span>
              <strong>{names[question.language]}</strong>
              {question.language === 'promql' && <span class="quiet">{question.instant ? t('dash.instant') : t('dash.step', { step: writeInterval(steps.step * 1000) })}</span>}
              <span class="push row">
                <CopyButton text={question.text} label={t('copy.copy')} />
                <Link class="button small" href={explorer(question)} onClick={close}>
                  <Icon name="right" size={13} /> {t('dash.explore')}
                </Link>
              </span>
            </div>
            <pre class="pre-block" tabIndex={0}>{question.text}</pre>
            <Faults data={data} of={question.ref} />
          </div>
        ))}
      </div>
    </Dialog>
  )
}

function Faults({ data, of }: { data: PanelData | undefined; of: string }) {
  const found = data?.faults.filter(({ ref }) => ref === of) ?? []
  return found.length === 0 ? null : <p class="error-text mono">{found.map(({ fault }) => fault.message).join('\n')}</p>
}

function explorer({ language, text }: Question): string {
  if (language === 'promql') return editorLink([text])
  return language === 'sql' ? linkTo('/sql', { q: text }) : linkTo('/traces', { q: text, as: 'text' })
}
