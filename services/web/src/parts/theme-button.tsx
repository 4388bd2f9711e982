import { useMessages } from '../messages/messages.tsx'
import { useTheme } from '../theme.ts'
import style from './shop-layout.module.css'

export function ThemeButton() {
  const [theme, choose] = useTheme()
  const { nav } = useMessages()
  const next = theme === 'dark' ? 'light' : 'dark'
  const label = next === 'dark' ? nav.toDark : nav.toLight
  return (
    <button
      type="button"
      className={style['icon']}
      aria-label={label}
      title={label}
      onClick={() => choose(next)}
    >
      <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
        <circle cx="9" cy="9" r="7.2" fill="none" stroke="currentColor" strokeWidth="1.6" />
        <path d="M9 1.8a7.2 7.2 0 0 1 0 14.4z" fill="currentColor" />
      </svg>
    </button>
  )
}
