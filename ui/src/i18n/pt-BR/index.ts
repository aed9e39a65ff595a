import { explore } from './explore'
import { home } from './home'
import { pages } from './pages'
import { shell } from './shell'
import { traceView } from './trace'

export const ptBR = { ...shell, ...explore, ...home, ...pages }
export const ptBR = { ...shell, ...explore, ...pages, ...traceView }
