import { useState } from 'preact/hooks'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { useKeys } from '../../../shell/keys'
import { count } from '../../../time/format'
import { LogList } from '../list/LogList'
import type { LogRecord } from '../record'
import type { Tail } from './useTail'

interface LiveListProps {
  tail: Tail
  wrap: boolean
  columns: readonly string[]
  words: readonly string[]
  onContext: (record: LogRecord) => void
}

export function LiveList({ tail, wrap, columns, words, onContext }: LiveListProps) {
  const { records, waiting, paused, setPaused, dropped, overflow, unseen } = tail
  const [away, setAway] = useState(false)
  const toggle = () => setPaused(!paused)
  useKeys({ p: toggle })
  const lost = tail.state.value === 'lost'
  const top = (record: LogRecord) => setAway(record.key !== records[0]?.key)
  return (
    <>
      <div class="log-head">
        <i class={`flow-light ${lost ? 'bad' : paused ? '' : 'on'}`} />
        <span class="num" role="status">
          {lost ? t('logs.live.lost') : paused ? t('logs.paused', { n: waiting.length }) : t('logs.tailing', { n: records.length })}
        </span>
        <button class="button small" aria-pressed={paused} onClick={toggle}>
          <Icon name={paused ? 'play' : 'pause'} size={13} />
          {paused ? t('logs.resume') : t('logs.pause')}
          {waiting.length > 0 && <b class="num">+{count(waiting.length)}</b>}
          <kbd class="hide-phone">p</kbd>
        </button>
        {records.length > 0 && <button class="button small plain" onClick={tail.clear}>{t('logs.live.clear')}</button>}
        {dropped > 0 && <Lost text={t('logs.dropped', { n: dropped })} />}
        {overflow > 0 && <Lost text={t('logs.overflow', { n: overflow })} />}
        {unseen.length > 0 && <Lost text={t('logs.live.unseen', { fields: unseen.join(', ') })} />}
        {away && !paused && <span class="quiet">{t('logs.live.away')}</span>}
      </div>
      {records.length === 0 ? (
        <div class="notice">
          <Icon name="live" size={26} />
          <strong>{t('logs.waiting')}</strong>
          <p>{t('logs.waiting.hint')}</p>
        </div>
      ) : (
        <LogList records={records} wrap={wrap} columns={columns} words={words} onContext={onContext} onTop={top} follow />
      )}
    </>
  )
}

function Lost({ text }: { text: string }) {
  return (
    <span class="tag warn">
      <Icon name="warn" size={12} /> {text}
    </span>
  )
}
