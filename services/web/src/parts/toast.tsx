import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react'
import { useLocation } from 'react-router'
import style from './toast.module.css'

interface Toast {
  text: string
  action?: { label: string; run: () => void }
}

const SHOWN_MS = 5_000
/** A message this young belongs to the page that a navigation leads to. */
const YOUNG_MS = 500
const Show = createContext<(toast: Toast) => void>(() => undefined)

/** One message at a time, which is read out and leaves by itself, or with its page. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toast, setToast] = useState<Toast>()
  const output = useRef<HTMLOutputElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const shownAt = useRef(0)
  const hide = () => output.current?.hidePopover()
  const { pathname } = useLocation()
  useEffect(() => {
    if (performance.now() - shownAt.current > YOUNG_MS) output.current?.hidePopover()
  }, [pathname])
  const show = useMemo(
    () => (next: Toast) => {
      setToast(next)
      shownAt.current = performance.now()
      output.current?.showPopover()
      clearTimeout(timer.current)
      timer.current = setTimeout(() => output.current?.hidePopover(), SHOWN_MS)
    },
    [],
  )
  return (
    <Show value={show}>
      {children}
      <output ref={output} popover="manual" className={style['toast']}>
        <span className={style['text']}>{toast?.text}</span>
        {toast?.action && (
          <button
            type="button"
            className={style['act']}
            onClick={() => {
              toast.action?.run()
              hide()
            }}
          >
            {toast.action.label}
          </button>
        )}
      </output>
    </Show>
  )
}

export const useToast = () => useContext(Show)
