import { dashboards } from './dashboards'
import { explore } from './explore'
import { home } from './home'
import { logs } from './logs'
import { metrics } from './metrics'
import { pages } from './pages'
import { services } from './services'
import { shell } from './shell'
import { traceView } from './trace'
import { traces } from './traces'

export const en = { ...shell, ...dashboards, ...explore, ...home, ...logs, ...metrics, ...pages, ...services, ...traceView, ...traces }
