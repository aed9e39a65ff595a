import type { Signal } from '@preact/signals'
import { Segmented, type TabItem } from '../components/Tabs'
import { t } from '../i18n/translate'
import { language, singleKeys, theme, zone } from '../settings/settings'
import { Dialog } from './Dialog'

interface ChoiceProps<T extends string> {
  label: string
  setting: Signal<T>
  items: readonly TabItem<T>[]
}

function Choice<T extends string>({ label, setting, items }: ChoiceProps<T>) {
  return (
    <div class="setting">
      <span>{label}</span>
      <Segmented label={label} items={items} selected={setting.value} onSelect={(id) => (setting.value = id)} />
    </div>
  )
}

export function SettingsDialog({ close }: { close: () => void }) {
  const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone
  return (
    <Dialog title={t('settings.title')} close={close}>
      <div class="settings">
        <Choice
          label={t('settings.theme')}
          setting={theme}
          items={[
            { id: 'system', label: t('settings.theme.system') },
            { id: 'light', label: t('settings.theme.light') },
            { id: 'dark', label: t('settings.theme.dark') },
          ]}
        />
        <Choice
          label={t('settings.language')}
          setting={language}
          items={[
            { id: 'en', label: 'English' },
            { id: 'pt-BR', label: 'Português (Brasil)' },
          ]}
        />
        <Choice
          label={t('settings.zone')}
          setting={zone}
          items={[
            { id: 'browser', label: browserZone },
            { id: 'utc', label: 'UTC' },
          ]}
        />
        <Choice
          label={t('settings.keys')}
          setting={singleKeys}
          items={[
            { id: 'on', label: t('settings.on') },
            { id: 'off', label: t('settings.off') },
          ]}
        />
      </div>
    </Dialog>
  )
}
