import { explore } from './explore'
import { pages } from './pages'
import { shell } from './shell'

export const en = { ...shell, ...explore, ...pages }
