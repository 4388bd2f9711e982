import type { SyntheticEvent } from 'react'
import { useConsoleMessages } from '../messages/messages.tsx'
import { Button } from '../parts/button.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Trouble } from '../parts/panel.tsx'
import { type Session, useSignIn } from '../parts/session.ts'
import form from './form.module.css'

/** The sign-in: one click where this shop is for trying things out, otherwise the secret. */
export function Gate({ session }: { session: Session }) {
  const { console: texts } = useConsoleMessages()
  const signIn = useSignIn()
  function submit(event: SyntheticEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const read = (name: string) => {
      const value = form.get(name)
      return typeof value === 'string' ? value : ''
    }
    signIn.mutate({ secret: read('secret'), name: read('name') || 'operator' })
  }
  return (
    <div className={form['gate']}>
      <PageTitle title={texts.gate.title}>{texts.gate.title}</PageTitle>
      {session.demo_operator && (
        <>
          <p>{texts.gate.demo}</p>
          <Button disabled={signIn.isPending} onClick={() => signIn.mutate(undefined)}>
            {texts.gate.enter}
          </Button>
        </>
      )}
      <details open={!session.demo_operator}>
        <summary>{texts.gate.withSecret}</summary>
        <form onSubmit={submit}>
          <label>
            {texts.gate.name}
            <input name="name" maxLength={60} autoComplete="username" />
          </label>
          <label>
            {texts.gate.secret}
            <input name="secret" type="password" required maxLength={200} autoComplete="current-password" />
          </label>
          <Button type="submit" look="quiet" disabled={signIn.isPending}>
            {texts.gate.signIn}
          </Button>
        </form>
      </details>
      {signIn.error && <Trouble error={signIn.error} />}
    </div>
  )
}
