// The table of pages: routes, navigation, palette and `g` keys all come from it.
import type { ComponentType } from 'preact'
import type { IconName } from '../components/Icon'
import type { MessageKey } from '../i18n/translate'

export interface Page {
  id: string
  path: string
  title: MessageKey
  icon: IconName
  key: string | null
  inNav: boolean
  thumb?: boolean // in the bar of a phone, which has room for five; the others are behind its last button
  load: () => Promise<{ default: ComponentType }>
}

export const pages: readonly Page[] = [
  { id: 'home', path: '/', title: 'nav.home', icon: 'home', key: 'h', inNav: true, thumb: true, load: () => import('./home/HomePage') },
  { id: 'services', path: '/services', title: 'nav.services', icon: 'services', key: 's', inNav: true, thumb: true, load: () => import('./services/ServicesPage') },
  { id: 'service', path: '/services/:name', title: 'nav.services', icon: 'services', key: null, inNav: false, load: () => import('./service/ServicePage') },
  { id: 'map', path: '/map', title: 'nav.map', icon: 'map', key: 'p', inNav: true, load: () => import('./map/MapPage') },
  { id: 'traces', path: '/traces', title: 'nav.traces', icon: 'trace', key: 't', inNav: true, thumb: true, load: () => import('./traces/TracesPage') },
  { id: 'trace', path: '/trace/:id', title: 'nav.trace', icon: 'trace', key: null, inNav: false, load: () => import('./trace/TracePage') },
  { id: 'trace-diff', path: '/trace/:id/diff/:other?', title: 'trace.diff', icon: 'trace', key: null, inNav: false, load: () => import('./trace/diff/DiffPage') },
  { id: 'logs', path: '/logs', title: 'nav.logs', icon: 'logs', key: 'l', inNav: true, thumb: true, load: () => import('./logs/LogsPage') },
  { id: 'dashboards', path: '/dashboards', title: 'nav.dashboards', icon: 'dashboard', key: 'd', inNav: true, load: () => import('./dashboards/DashboardsPage') },
  { id: 'dashboard', path: '/dashboards/:id', title: 'nav.dashboards', icon: 'dashboard', key: null, inNav: false, load: () => import('./dashboards/DashboardPage') },
  { id: 'dashboard-ready', path: '/dashboards/ready/:id', title: 'nav.dashboards', icon: 'dashboard', key: null, inNav: false, load: () => import('./dashboards/DashboardPage') },
  { id: 'metrics', path: '/metrics-explorer', title: 'nav.metrics', icon: 'chart', key: 'm', inNav: true, thumb: true, load: () => import('./metrics/MetricsPage') },
  { id: 'sql', path: '/sql', title: 'nav.sql', icon: 'database', key: 'q', inNav: true, load: () => import('./sql/SqlPage') },
  { id: 'connect', path: '/connect', title: 'nav.connect', icon: 'plug', key: 'c', inNav: true, load: () => import('./connect/ConnectPage') },
  { id: 'status', path: '/status', title: 'nav.status', icon: 'status', key: 'i', inNav: true, load: () => import('./status/StatusPage') },
]
