import { useEffect, useState } from 'preact/hooks'
import { useRoute } from 'wouter-preact'
import { Icon } from '../../components/Icon'
import { Failed, Skeleton } from '../../components/Notice'
import { t } from '../../i18n/translate'
import { TopBar } from '../../shell/TopBar'
import { FileTrace } from './file/FileTrace'
import { OpenFile } from './file/OpenFile'
import { useTrace } from './source'
import { TraceBody } from './TraceBody'
import { ErrorTag, rootName } from './TraceFacts'
import './trace.css'

export default function TracePage() {
  const [, params] = useRoute('/trace/:id')
  const id = (params?.id ?? '').toLowerCase()
  return id === 'file' ? <FileTrace /> : <StoredTrace key={id} traceId={id} />
}

function StoredTrace({ traceId }: { traceId: string }) {
  const loaded = useTrace(traceId)
  const { data, fault } = loaded
  const empty = data !== undefined && data.tree.total === 0
  return (
    <>
      <TopBar title={data && !empty ? rootName(data.tree) : t('nav.trace')} busy={loaded.fetching}>
        {data && <ErrorTag tree={data.tree} />}
        <span class="grow" />
      </TopBar>
      {fault && <Failed fault={fault} retry={loaded.refetch} />}
      {!data && !fault && (
        <div class="page">
          <Skeleton height={300} />
        </div>
      )}
      {empty && <Missing id={traceId} retry={loaded.refetch} />}
      {data && !empty && <TraceBody source={{ traceId, records: null }} trace={data} partial={loaded.partial} />}
    </>
  )
}

// A trace asked for right after it was sent may still be on its way: look again for a while.
function Missing({ id, retry }: { id: string; retry: () => void }) {
  const [tries, setTries] = useState(0)
  useEffect(() => {
    if (tries >= 10) return
    const timer = setTimeout(() => {
      setTries(tries + 1)
      retry()
    }, 1000)
    return () => clearTimeout(timer)
  }, [tries])
  return (
    <div class="notice">
      <Icon name="trace" size={26} />
      <strong>{t('trace.missing')}</strong>
      <p>{t(tries < 10 ? 'trace.missing.waiting' : 'trace.missing.hint')}</p>
      <p class="mono">{id}</p>
      <OpenFile />
    </div>
  )
}
