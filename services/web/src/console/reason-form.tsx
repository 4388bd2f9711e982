import type { ShopError } from '@lepton/client'
import type { ReactNode, SyntheticEvent } from 'react'
import { useConsoleMessages } from '../messages/messages.tsx'
import { Button } from '../parts/button.tsx'
import { Trouble } from '../parts/panel.tsx'
import style from './console.module.css'
import form from './form.module.css'

/** A form of an act: its own fields, and the reason that the audit trail keeps. */
export function ReasonForm({
  children,
  submit,
  isDangerous = false,
  isPending,
  error,
  onSubmit,
  onClose,
}: {
  children?: ReactNode
  submit: string
  isDangerous?: boolean
  isPending: boolean
  error: ShopError | null
  /** The fields by their names, the reason among them. */
  onSubmit: (fields: Record<string, string>) => void
  /** Missing where the form is no dialog. */
  onClose?: () => void
}) {
  const { console: texts } = useConsoleMessages()
  function send(event: SyntheticEvent<HTMLFormElement>) {
    event.preventDefault()
    const given = [...new FormData(event.currentTarget)]
    onSubmit(Object.fromEntries(given.map(([name, value]) => [name, typeof value === 'string' ? value : ''])))
  }
  return (
    <form className={form['reason']} onSubmit={send}>
      {children}
      <label>
        {texts.acts.reason}
        <input name="reason" required minLength={3} maxLength={500} defaultValue={texts.acts.usual} />
      </label>
      {error && <Trouble error={error} />}
      <div className={style['row']}>
        <Button type="submit" look={isDangerous ? 'danger' : 'quiet'} disabled={isPending}>
          {submit}
        </Button>
        {onClose !== undefined && (
          <Button look="quiet" onClick={onClose}>
            {texts.acts.leave}
          </Button>
        )}
      </div>
    </form>
  )
}
