import { useState } from 'preact/hooks'
import type { Fault } from '../../../api/types'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { QueryField } from '../../../promql/QueryField'
import type { Range } from '../../../time/range'
import type { Written } from './queries'
import { Tree } from './Tree'

interface QueryRowProps {
  query: Written
  alone: boolean
  range: Range
  time: number
  fault: Fault | null
  focus: boolean
  onDraft: (text: string) => void
  onRun: (text: string) => void
  onChange: (change: Partial<Written>) => void
  onRemove: () => void
  onUse: (text: string) => void
}

export function QueryRow({ query, alone, range, time, fault, focus, onDraft, onRun, onChange, onRemove, onUse }: QueryRowProps) {
  const [explained, setExplained] = useState(false)
  const { ref, text, legend, off } = query
  return (
    <div class={`query-row ${off ? 'off' : ''}`} role="group" aria-label={t('metrics.query.name', { ref })}>
      <div class="query-line">
        <button class="button small query-ref" aria-pressed={!off} onClick={() => onChange({ off: !off })} title={t(off ? 'metrics.query.on' : 'metrics.query.off')} aria-label={`${t('metrics.query.shown')} ${ref}`}>
          {ref}
        </button>
        <QueryField text={text} label={t('metrics.query.name', { ref })} range={range} fault={fault} focus={focus} onDraft={onDraft} onRun={onRun} />
        <input
          class="field small mono legend-field" placeholder={t('metrics.legend')} aria-label={t('metrics.legend.of', { ref })} title={t('metrics.legend.hint')} defaultValue={legend} key={legend}
          onChange={({ currentTarget }) => onChange({ legend: currentTarget.value })}
        />
        <button class="button small" aria-pressed={explained} disabled={text.trim() === ''} onClick={() => setExplained(!explained)}>{t('metrics.tree.explain')}</button>
        {!alone && (
          <button class="button small plain icon" onClick={onRemove} aria-label={t('metrics.query.remove', { ref })} title={t('metrics.query.remove', { ref })}>
            <Icon name="trash" size={13} />
          </button>
        )}
      </div>
      {explained && <Tree expression={text} time={time} onUse={onUse} />}
    </div>
  )
}
