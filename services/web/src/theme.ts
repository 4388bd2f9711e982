import { remember } from './remember.ts'
import { createSharedValue } from './shared-value.ts'

export type Theme = 'light' | 'dark'

const KEY = 'theme'
const system = matchMedia('(prefers-color-scheme: dark)')
const shown = createSharedValue(current())
system.addEventListener('change', () => shown.set(current()))

function current(): Theme {
  const chosen = document.documentElement.dataset['theme']
  return chosen === 'dark' || chosen === 'light' ? chosen : system.matches ? 'dark' : 'light'
}

function choose(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme
  remember(KEY, theme)
  shown.set(theme)
}

/** The theme in force: what was chosen here, otherwise the system's. theme-first.js applies it before the first paint. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  return [shown.use(), choose]
}
