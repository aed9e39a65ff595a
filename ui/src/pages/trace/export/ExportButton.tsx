import { useState } from 'preact/hooks'
import { toast } from '../../../components/Copy'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { Link } from 'wouter-preact'
import type { Source } from '../source'
import type { Trace } from '../trace'

export function ExportButton({ source, trace }: { source: Source; trace: Trace }) {
  const [busy, setBusy] = useState(false)
  const run = async () => {
    setBusy(true)
    try {
      const { exportTrace } = await import('./exportTrace')
      await exportTrace(source, trace)
    } catch (cause) {
      toast(t('trace.export.failed', { message: cause instanceof Error ? cause.message : String(cause) }))
    }
    setBusy(false)
  }
  return (
    <>
      {source.records === null && (
        <Link class="button small plain" href={`/trace/${source.traceId}/diff`}>
          <Icon name="skew" size={13} /> {t('trace.compare')}
        </Link>
      )}
      <button class="button small plain" disabled={busy} onClick={() => void run()} title={t('trace.export.hint')}>
        <Icon name="download" size={13} /> {t(busy ? 'trace.export.busy' : 'trace.export')}
      </button>
    </>
  )
}
