import { explore } from './explore'
import { pages } from './pages'
import { shell } from './shell'
import { traceView } from './trace'

export const en = { ...shell, ...explore, ...pages, ...traceView }
