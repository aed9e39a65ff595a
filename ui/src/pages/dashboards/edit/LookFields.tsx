// How the values of a panel look.
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { unitIds } from '../../../promql/units'
import { colourNames, reducers, type Panel, type Threshold } from '../model/document'
import { cssColour } from '../panels/shown'
import { CheckField, FieldSet, NumberField, SelectField, TextField } from './fields'
import type { Alter } from './PanelEditor'

interface Props {
  panel: Panel
  alter: Alter
}

export function ChartFields({ panel, alter }: Props) {
  return (
    <FieldSet title={t('dash.set.chart')}>
      <SelectField label={t('dash.field.draw')} value={panel.draw ?? 'lines'} items={(['lines', 'bars', 'points'] as const).map((id) => ({ id, label: t(`dash.draw.${id}`) }))} onChange={(draw) => alter({ draw: draw === 'lines' ? undefined : draw })} />
      <SelectField label={t('dash.field.stack')} value={panel.stack ?? 'no'} items={(['no', 'normal', 'percent'] as const).map((id) => ({ id, label: t(`dash.stack.${id}`) }))} onChange={(stack) => alter({ stack: stack === 'no' ? undefined : stack })} />
      <SelectField label={t('dash.field.legend')} value={panel.legend ?? 'list'} items={(['list', 'table', 'hidden'] as const).map((id) => ({ id, label: t(`dash.legend.${id}`) }))} onChange={(legend) => alter({ legend })} />
      <NumberField label={t('dash.field.fill')} value={panel.fill} hint="0–100" onChange={(fill) => alter({ fill })} />
      <CheckField label={t('dash.field.log')} value={panel.log === true} onChange={(log) => alter({ log: log || undefined })} />
    </FieldSet>
  )
}

export function ReducedFields({ panel, alter }: Props) {
  return (
    <FieldSet title={t('dash.set.value')}>
      <SelectField label={t('dash.field.reduce')} value={panel.reduce ?? 'last'} items={reducers.map((id) => ({ id, label: t(`dash.reduce.${id}`) }))} onChange={(reduce) => alter({ reduce })} />
      {panel.type === 'stat' && (
        <>
          <SelectField label={t('dash.field.colour')} value={panel.colour ?? 'value'} items={(['value', 'background', 'none'] as const).map((id) => ({ id, label: t(`dash.colour.${id}`) }))} onChange={(colour) => alter({ colour: colour === 'value' ? undefined : colour })} />
          <CheckField label={t('dash.field.sparkline')} value={panel.sparkline === true} onChange={(sparkline) => alter({ sparkline: sparkline || undefined })} />
        </>
      )}
    </FieldSet>
  )
}

export function LimitFields({ panel, alter }: Props) {
  return (
    <FieldSet title={t('dash.set.scale')}>
      <TextField label={t('dash.field.unit')} value={panel.unit ?? ''} list={unitIds} onChange={(unit) => alter({ unit: unit || undefined })} />
      <NumberField label={t('dash.field.decimals')} value={panel.decimals} onChange={(decimals) => alter({ decimals: decimals === undefined ? undefined : Math.min(12, Math.max(0, Math.round(decimals))) })} />
      <NumberField label={t('dash.field.min')} value={panel.min} onChange={(min) => alter({ min })} />
      <NumberField label={t('dash.field.max')} value={panel.max} onChange={(max) => alter({ max })} />
      <TextField label={t('dash.field.noValue')} value={panel.noValue ?? ''} hint="–" onChange={(noValue) => alter({ noValue: noValue || undefined })} />
    </FieldSet>
  )
}

export function ThresholdFields({ panel, alter }: Props) {
  const steps = panel.thresholds ?? []
  const put = (next: Threshold[]) => alter({ thresholds: next.length > 0 ? next : undefined })
  const change = (at: number, step: Threshold) => put(steps.map((one, index) => (index === at ? step : one)))
  const add = () => put(steps.length === 0 ? [{ from: null, colour: 'green' }, { from: 80, colour: 'red' }] : [...steps, { from: (steps.at(-1)?.from ?? 0) + 10, colour: 'red' }])
  return (
    <FieldSet title={t('dash.set.thresholds')} tools={<button class="button small" onClick={add}><Icon name="plus" size={13} /> {t('dash.threshold.add')}</button>}>
      {steps.map((step, at) => (
        <div key={at} class="row dash-threshold">
          <i style={{ background: cssColour(step.colour) }} />
          <SelectField label={t('dash.field.colour')} value={step.colour} items={[...colourNames, ...((colourNames as readonly string[]).includes(step.colour) ? [] : [step.colour])].map((id) => ({ id, label: (colourNames as readonly string[]).includes(id) ? t(`dash.colour.${id as (typeof colourNames)[number]}`) : id }))} onChange={(colour) => change(at, { ...step, colour })} />
          {step.from === null ? <span class="quiet">{t('dash.threshold.below')}</span> : <NumberField label={t('dash.threshold.from')} value={step.from} onChange={(from) => change(at, { ...step, from: from ?? 0 })} />}
          <button class="button small icon plain" onClick={() => put(steps.filter((_, index) => index !== at))} aria-label={t('dash.remove')}>
            <Icon name="close" size={13} />
          </button>
        </div>
      ))}
      {panel.type === 'timeseries' && steps.length > 0 && <CheckField label={t('dash.threshold.shown')} value={panel.thresholdsShown === true} onChange={(shown) => alter({ thresholdsShown: shown || undefined })} />}
    </FieldSet>
  )
}
