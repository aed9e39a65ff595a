import './styles/fonts.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/layout.css'
import './styles/parts.css'
import { render } from 'preact'
import { effect } from '@preact/signals'
import { App } from './App'
import { loadLanguage } from './i18n/translate'

effect(() => void loadLanguage())

const host = document.getElementById('app')
if (host) render(<App />, host)
