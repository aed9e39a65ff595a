import { explore } from './explore'
import { home } from './home'
import { pages } from './pages'
import { shell } from './shell'

export const ptBR = { ...shell, ...explore, ...home, ...pages }
