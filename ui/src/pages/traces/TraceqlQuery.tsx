// "Show query" for what Tempo's API answers: the TraceQL, where it is asked, and the bare answer.
import { useState } from 'preact/hooks'
import { CopyButton } from '../../components/Copy'
import { Icon } from '../../components/Icon'
import { t } from '../../i18n/translate'
import { Dialog } from '../../shell/Dialog'
import { resolve } from '../../url/base'

export function ShowTraceql({ query, path }: { query: string; path: string }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <button class="button small plain" onClick={() => setOpen(true)} title={t('traces.query.title')}>
        <Icon name="database" size={13} /> <span class="hide-phone">{t('query.show')}</span>
        <span class="visually-hidden">{t('traces.query.title')}</span>
      </button>
      {open && (
        <Dialog title="TraceQL" close={() => setOpen(false)}>
          <div class="stack traceql-query">
            <pre class="pre-block" tabIndex={0}>{query}</pre>
            <div class="row wrap">
              <CopyButton text={query} label={t('copy.copy')} />
              <a class="button small plain" href={resolve(path)} target="_blank" rel="noreferrer">
                <Icon name="link" size={13} /> {t('traces.query.answer')}
              </a>
            </div>
            <p class="quiet">{t('traces.query.hint')}</p>
          </div>
        </Dialog>
      )}
    </>
  )
}
