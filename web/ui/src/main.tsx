import './styles/fonts.css'
import './styles/base.css'
import './styles/layout.css'
import './styles/lists.css'
import './styles/map.css'
import './styles/panel.css'
import { render } from 'preact'
import { App } from './app.tsx'
import { start } from './start.ts'

const root = document.getElementById('app')
if (root) render(<App />, root)
start()
