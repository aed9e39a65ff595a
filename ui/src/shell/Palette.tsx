import { useMemo, useState } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { useSql } from '../api/query'
import { column } from '../api/client'
import { copyText } from '../components/Copy'
import { Icon, type IconName } from '../components/Icon'
import { t } from '../i18n/translate'
import { pages } from '../pages/pages'
import { servicePath } from '../pages/services/address'
import { language, theme, zone } from '../settings/settings'
import { sql } from '../sql/escape'
import { within } from '../sql/range'
import { presets } from '../time/range'
import { addFilter, linkTo, refresh, setRange, shareableAddress, useRange } from '../url/state'
import { Dialog } from './Dialog'
import { opened } from './Shell'

interface Command {
  label: string
  hint: string
  icon: IconName
  run: () => void
}

export function Palette({ close }: { close: () => void }) {
  const [typed, setTyped] = useState('')
  const [at, setAt] = useState(0)
  const commands = useCommands(typed)
  const shown = useMemo(() => rank(commands, typed).slice(0, 12), [commands, typed])
  const choose = (command: Command | undefined) => {
    close()
    command?.run()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step !== 0) {
      event.preventDefault()
      setAt((at + step + shown.length) % Math.max(1, shown.length))
    } else if (event.key === 'Enter') choose(shown[at])
  }
  return (
    <Dialog title={t('palette.title')} close={close} bare>
      <div class="palette">
        <input
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={`palette-${at}`}
          aria-label={t('palette.title')}
          placeholder={t('palette.placeholder')}
          value={typed}
          onInput={(event) => {
            setTyped(event.currentTarget.value)
            setAt(0)
          }}
          onKeyDown={onKeyDown}
        />
        <div id="palette-list" class="menu" role="listbox" aria-label={t('palette.title')}>
          {shown.map((command, index) => (
            <button key={command.label + command.hint} id={`palette-${index}`} role="option" tabIndex={-1} aria-selected={index === at} onClick={() => choose(command)}>
              <Icon name={command.icon} />
              <span class="cut">{command.label}</span>
              <span class="quiet push">{command.hint}</span>
            </button>
          ))}
          {shown.length === 0 && <p class="about">{t('palette.none')}</p>}
        </div>
      </div>
    </Dialog>
  )
}

function rank(commands: readonly Command[], typed: string): Command[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  return commands.filter(({ label, hint }) => words.every((word) => `${label} ${hint}`.toLowerCase().includes(word)))
}

function useCommands(typed: string): Command[] {
  const [, navigate] = useLocation()
  const { range } = useRange()
  const services = useSql(sql`SELECT DISTINCT service_name FROM spans WHERE ${within('start_time', range)} ORDER BY 1 LIMIT 50`.text)
  return useMemo(() => {
    const id = typed.trim().toLowerCase()
    const direct: Command[] = /^[0-9a-f]{32}$/.test(id)
      ? [{ label: id, hint: t('palette.openTrace'), icon: 'trace', run: () => navigate(linkTo(`/trace/${id}`)) }]
      : []
    const names = services.data ? column(services.data, 'service_name').map(String) : []
    return [
      ...direct,
      ...pages.filter((page) => page.inNav).map((page): Command => ({ label: t(page.title), hint: t('palette.go'), icon: page.icon, run: () => navigate(linkTo(page.path)) })),
      ...names.map((name): Command => ({ label: name, hint: t('palette.openService'), icon: 'services', run: () => navigate(linkTo(servicePath(name))) })),
      ...names.map((name): Command => ({ label: name, hint: t('palette.filterService'), icon: 'filter', run: () => addFilter({ key: 'service', op: '=', value: name }) })),
      ...presets.map((span): Command => ({ label: t(`range.${span}`), hint: t('range.title'), icon: 'clock', run: () => setRange({ kind: 'relative', span }) })),
      { label: t('trace.file.open'), hint: t('trace.file'), icon: 'share', run: () => navigate('/trace/file') },
      ...actions(),
    ]
  }, [typed, services.data])
}

function actions(): Command[] {
  return [
    { label: t('shell.refresh'), hint: 'r', icon: 'refresh', run: refresh },
    { label: t('help.key.copyLink'), hint: 'y', icon: 'link', run: () => void copyText(shareableAddress()) },
    { label: t('settings.theme.dark'), hint: t('settings.theme'), icon: 'moon', run: () => (theme.value = 'dark') },
    { label: t('settings.theme.light'), hint: t('settings.theme'), icon: 'sun', run: () => (theme.value = 'light') },
    { label: t('settings.theme.system'), hint: t('settings.theme'), icon: 'settings', run: () => (theme.value = 'system') },
    { label: 'English', hint: t('settings.language'), icon: 'text', run: () => (language.value = 'en') },
    { label: 'Português (Brasil)', hint: t('settings.language'), icon: 'text', run: () => (language.value = 'pt-BR') },
    { label: 'UTC', hint: t('settings.zone'), icon: 'clock', run: () => (zone.value = zone.value === 'utc' ? 'browser' : 'utc') },
    { label: t('settings.title'), hint: '', icon: 'settings', run: () => (opened.value = 'settings') },
    { label: t('help.title'), hint: '?', icon: 'help', run: () => (opened.value = 'help') },
  ]
}
