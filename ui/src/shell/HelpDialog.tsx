import { t, type MessageKey } from '../i18n/translate'
import { pages } from '../pages/pages'
import { singleKeys } from '../settings/settings'
import { Dialog } from './Dialog'

const shortcuts: readonly [string, MessageKey][] = [
  ['Ctrl K', 'help.key.palette'],
  ['?', 'help.key.help'],
  ['/', 'help.key.search'],
  ['r', 'help.key.refresh'],
  ['y', 'help.key.copyLink'],
  ['j k', 'help.key.row'],
  ['h l', 'help.key.fold'],
  ['o Enter', 'help.key.open'],
  ['n', 'help.key.nextError'],
  ['c', 'trace.critical'],
  ['f', 'help.key.filter'],
  ['t', 'traces.query.switch'],
  ['c z', 'traces.help.region'],
  ['.', 'help.key.live'],
  ['p', 'help.key.pause'],
  ['c', 'logs.context'],
  ['w', 'help.key.wrap'],
  ['Home End', 'help.key.ends'],
  ['Ctrl Enter', 'help.key.run'],
]

const glossary: readonly [string, MessageKey][] = [
  ['trace', 'help.word.trace'],
  ['span', 'help.word.span'],
  ['service', 'help.word.service'],
  ['p95', 'help.word.p95'],
]

export function HelpDialog({ close }: { close: () => void }) {
  return (
    <Dialog title={t('help.title')} close={close}>
      <div class="help">
        <section>
          <h3>{t('help.keys')}</h3>
          <dl>
            {shortcuts.map(([key, text]) => (
              <div key={text}>
                <dt>{key.split(' ').map((part) => <kbd key={part}>{part}</kbd>)}</dt>
                <dd>{t(text)}</dd>
              </div>
            ))}
          </dl>
        </section>
        <section>
          <h3>{t('help.go')}</h3>
          <dl>
            {pages.filter((page) => page.key).map((page) => (
              <div key={page.id}>
                <dt><kbd>g</kbd><kbd>{page.key}</kbd></dt>
                <dd>{t(page.title)}</dd>
              </div>
            ))}
          </dl>
          <h3>{t('help.words')}</h3>
          <dl class="words">
            {glossary.map(([word, text]) => (
              <div key={word}>
                <dt>{word}</dt>
                <dd>{t(text)}</dd>
              </div>
            ))}
          </dl>
        </section>
        <label class="row">
          <input type="checkbox" checked={singleKeys.value === 'on'} onChange={(event) => (singleKeys.value = event.currentTarget.checked ? 'on' : 'off')} />
          {t('help.singleKeys')}
        </label>
      </div>
    </Dialog>
  )
}
