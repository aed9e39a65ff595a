import { explore } from './explore'
import { pages } from './pages'
import { services } from './services'
import { shell } from './shell'

export const ptBR = { ...shell, ...explore, ...pages, ...services }
