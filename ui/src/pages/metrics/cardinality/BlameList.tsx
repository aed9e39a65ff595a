import { useMemo } from 'preact/hooks'
import { t } from '../../../i18n/translate'
import type { Labels } from '../../../promql/answer'
import { count, percent } from '../../../time/format'
import { blame } from '../labels'

export function BlameList({ series }: { series: readonly Labels[] }) {
  const found = useMemo(() => blame(series), [series])
  if (found.length === 0) return <p class="quiet pad">{t('metrics.blame.none')}</p>
  return (
    <div class="label-table" tabIndex={0} role="region" aria-label={t('metrics.blame')}>
      <table class="grid-table num">
        <thead>
          <tr>
            <th scope="col">{t('metrics.label')}</th>
            <th scope="col" class="right">{t('metrics.values')}</th>
            <th scope="col" class="right">{t('metrics.blame.without')}</th>
            <th scope="col">{t('metrics.blame.share')}</th>
          </tr>
        </thead>
        <tbody>
          {found.map(({ label, values, without }) => (
            <tr key={label}>
              <td class="mono">{label}</td>
              <td class="right">{count(values)}</td>
              <td class="right">{t('metrics.blame.of', { left: count(without), all: count(series.length) })}</td>
              <td><Bar share={1 - without / series.length} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

export const Bar = ({ share }: { share: number }) => (
  <span class="share"><i style={{ width: `${Math.round(share * 100)}%` }} /><span>{percent(share)}</span></span>
)
