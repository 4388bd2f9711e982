import { type ReactNode, useEffect, useId, useRef } from 'react'
import { useMessages } from '../messages/messages.tsx'
import style from './sheet.module.css'

/** A dialog of the platform: it keeps the focus, closes by Escape and beside it, and gives the focus back. */
export function Sheet({
  title,
  isOpen,
  onClose,
  children,
  foot,
  shape = 'sheet',
}: {
  title: string
  isOpen: boolean
  onClose: () => void
  children: ReactNode
  foot?: ReactNode
  shape?: 'sheet' | 'box'
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  const { nav } = useMessages()
  useEffect(() => {
    if (isOpen) dialog.current?.showModal()
    else dialog.current?.close()
  }, [isOpen])
  return (
    <dialog
      ref={dialog}
      className={style[shape]}
      aria-labelledby={heading}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) onClose()
      }}
    >
      {isOpen && (
        <>
          <div className={style['head']}>
            <h2 id={heading}>{title}</h2>
            <button type="button" className={style['close']} aria-label={nav.close} onClick={onClose}>
              ×
            </button>
          </div>
          <div className={style['body']}>{children}</div>
          {foot !== undefined && <div className={style['foot']}>{foot}</div>}
        </>
      )}
    </dialog>
  )
}
