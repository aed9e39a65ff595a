import { useMemo, useState } from 'preact/hooks'
import { toObjects } from '../../api/client'
import { useSql } from '../../api/query'
import { Icon } from '../../components/Icon'
import { Failed } from '../../components/Notice'
import { Segmented } from '../../components/Tabs'
import { t } from '../../i18n/translate'
import { Dialog } from '../../shell/Dialog'
import { LogList } from './LogList'
import { contextQuery } from './queries'
import { readRecord, type LogRecord } from './records'

const step = 20

// The neighbours of one record, newest first like the list, growing both ways.
export function ContextDialog({ record, close }: { record: LogRecord; close: () => void }) {
  const [whose, setWhose] = useState<'service' | 'all'>('service')
  const [earlier, setEarlier] = useState(step)
  const [later, setLater] = useState(step)
  const service = whose === 'service' ? record.service : null
  const before = useSql(contextQuery(record.time, service, 'before', earlier + 1).text)
  const after = useSql(contextQuery(record.time, service, 'after', later).text)
  const records = useMemo(() => {
    const later = after.data ? toObjects(after.data).map(readRecord).reverse() : []
    const earlier = before.data ? toObjects(before.data).map(readRecord) : []
    return [...later, ...earlier]
  }, [before.data, after.data])
  const marked = records.find((other) => other.time === record.time && other.body === record.body)
  return (
    <Dialog title={t('logs.context')} close={close}>
      <div class="context">
        <div class="row wrap">
          <Segmented
            label={t('logs.context')} selected={whose} onSelect={setWhose}
            items={[
              { id: 'service', label: record.service },
              { id: 'all', label: t('logs.context.all') },
            ]}
          />
          <button class="button small" onClick={() => setLater(later + step * 2)}>
            <Icon name="up" size={13} /> {t('logs.context.later')}
          </button>
          <button class="button small" onClick={() => setEarlier(earlier + step * 2)}>
            <Icon name="down" size={13} /> {t('logs.context.earlier')}
          </button>
        </div>
        {(before.fault ?? after.fault) && <Failed fault={(before.fault ?? after.fault)!} />}
        <LogList records={records} wrap={false} onContext={null} onEnd={() => undefined} end={null} {...(marked ? { marked: marked.key } : {})} />
      </div>
    </Dialog>
  )
}
