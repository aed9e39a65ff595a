import { Link, useLocation } from 'wouter-preact'
import { useStatus } from '../api/query'
import luneta from '../assets/luneta.svg'
import { Icon } from '../components/Icon'
import { t } from '../i18n/translate'
import { pages, type Page } from '../pages/pages'
import { navWidth } from '../settings/settings'
import { compact, rate } from '../time/format'
import { linkTo } from '../url/state'
import { Dialog } from './Dialog'
import { opened } from './Shell'

export function Nav() {
  const narrow = navWidth.value === 'narrow'
  return (
    <nav class="nav" aria-label={t('nav.label')}>
      <Link class="brand" href={linkTo('/')} aria-label="Luneta">
        <img src={luneta} alt="" />
        <span>Luneta</span>
      </Link>
      <ul>
        {pages.filter((page) => page.inNav).map((page) => (
          <li key={page.id} class={page.thumb ? '' : 'nav-rest'}>
            <NavLink page={page} />
          </li>
        ))}
        <li class="nav-more">
          <MoreButton />
        </li>
      </ul>
      <div class="nav-foot">
        <FlowState />
        <button class="nav-link" onClick={() => (opened.value = 'settings')} aria-label={t('settings.title')}>
          <Icon name="settings" size={18} />
          <span>{t('settings.title')}</span>
        </button>
        <button class="nav-link" onClick={() => (opened.value = 'help')} aria-label={t('help.title')}>
          <Icon name="help" size={18} />
          <span>{t('help.title')}</span>
          <kbd>?</kbd>
        </button>
        <button class="nav-link" onClick={() => (navWidth.value = narrow ? 'wide' : 'narrow')} aria-label={t('nav.collapse')} aria-pressed={narrow}>
          <Icon name="sidebar" size={18} />
          <span>{t('nav.collapse')}</span>
        </button>
      </div>
    </nav>
  )
}

const isHere = (page: Page, path: string): boolean => (page.path === '/' ? path === '/' : path.startsWith(page.path) || (page.id === 'traces' && path.startsWith('/trace/')))

function NavLink({ page }: { page: Page }) {
  const [path] = useLocation()
  return (
    <Link class="nav-link" href={linkTo(page.path)} {...(isHere(page, path) ? { 'aria-current': 'page' as const } : {})} aria-label={t(page.title)} title={t(page.title)}>
      <Icon name={page.icon} size={18} />
      <span>{t(page.title)}</span>
      {page.key && <kbd>g {page.key}</kbd>}
    </Link>
  )
}

// Only where the bar has no room for all pages.
function MoreButton() {
  const [path] = useLocation()
  const here = pages.some((page) => page.inNav && !page.thumb && isHere(page, path))
  return (
    <button class="nav-link" onClick={() => (opened.value = 'pages')} aria-haspopup="dialog" {...(here ? { 'aria-current': 'page' as const } : {})}>
      <Icon name="more" size={18} />
      <span>{t('nav.more')}</span>
    </button>
  )
}

export function PagesDialog({ close }: { close: () => void }) {
  return (
    <Dialog title={t('nav.label')} close={close}>
      <ul class="nav-sheet">
        {pages.filter((page) => page.inNav && !page.thumb).map((page) => (
          <li key={page.id} onClick={close}>
            <NavLink page={page} />
          </li>
        ))}
      </ul>
    </Dialog>
  )
}

// Whether anything arrives now: the one fact worth seeing on every page.
function FlowState() {
  const status = useStatus(10_000)
  const signals = status.data ? Object.values(status.data.signals) : []
  const perSecond = signals.reduce((sum, signal) => sum + signal.per_second, 0)
  const total = signals.reduce((sum, signal) => sum + signal.rows, 0)
  const state = status.fault ? 'bad' : perSecond > 0 ? 'on' : ''
  const label = status.fault
    ? t('nav.flow.lost')
    : perSecond > 0
      ? t('nav.flow.receiving', { rate: rate(perSecond) })
      : t('nav.flow.idle', { rows: compact(total) })
  return (
    <Link class="nav-link" href={linkTo('/status')} title={label} aria-label={label}>
      <i class={`flow-light ${state}`} />
      <span class="num">{label}</span>
    </Link>
  )
}
