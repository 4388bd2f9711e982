import { Suspense } from 'react'
import { Link, NavLink, Outlet, useLocation } from 'react-router'
import { useConsoleMessages } from '../messages/messages.tsx'
import { Boundary } from '../parts/boundary.tsx'
import { Button } from '../parts/button.tsx'
import { LanguageButton } from '../parts/language-button.tsx'
import { Logo } from '../parts/logo.tsx'
import { Bone, Trouble } from '../parts/panel.tsx'
import { useSession, useSignOut } from '../parts/session.ts'
import layout from '../parts/shop-layout.module.css'
import { ThemeButton } from '../parts/theme-button.tsx'
import style from './console-layout.module.css'
import { Gate } from './gate.tsx'
import { KeysPanel } from './keys-panel.tsx'

/** The frame of the console. Without an operator there is a sign-in, and nothing is asked for that would be refused. */
export function ConsoleLayout() {
  const { nav, console: texts } = useConsoleMessages()
  const { pathname } = useLocation()
  const { data: session, error, refetch } = useSession()
  const signOut = useSignOut()
  return (
    <>
      <a className={layout['skip']} href="#main">
        {nav.skip}
      </a>
      <div className={style['console']}>
        <nav className={style['nav']} aria-label={nav.main}>
          <Link to="/" className={style['logo']}>
            <Logo /> Lepton
          </Link>
          <ul>
            <Item to="/console" isEnd>
              {texts.overview.nav}
            </Item>
          </ul>
          <h2>{texts.business}</h2>
          <ul>
            <Item to="/console/orders">{texts.orders.nav}</Item>
            <Item to="/console/in-flight">{texts.inFlight.nav}</Item>
            <Item to="/console/dead-letters">{texts.letters.nav}</Item>
            <Item to="/console/stock">{texts.stock.nav}</Item>
            <Item to="/console/books">{texts.books.nav}</Item>
          </ul>
          <h2>{texts.ofMachinery}</h2>
          <ul>
            <Item to="/console/instances">{texts.instances.nav}</Item>
            <Item to="/console/calls">{texts.calls.nav}</Item>
            <Item to="/console/events">{texts.events.nav}</Item>
            <Item to="/console/queues">{texts.queues.nav}</Item>
            <Item to="/console/alarms">{texts.alarms.nav}</Item>
            <Item to="/console/logs">{texts.logs.nav}</Item>
            <Item to="/console/activity">{texts.activity.nav}</Item>
          </ul>
          <h2>{texts.breaking}</h2>
          <ul>
            <Item to="/console/faults">{texts.faults.nav}</Item>
            <Item to="/lab">{nav.lab}</Item>
            <Item to="/shop">{nav.shop}</Item>
          </ul>
        </nav>
        <div>
          <div className={style['bar']}>
            {session?.operator && (
              <>
                <KeysPanel />
                <span className={style['who']}>{texts.signedIn(session.operator.name)}</span>
                <Button look="link" onClick={() => signOut.mutate()}>
                  {texts.signOut}
                </Button>
              </>
            )}
            <LanguageButton />
            <ThemeButton />
          </div>
          <main id="main" className={style['main']}>
            {/* Outside of what is new with each page: the last one stays until the next is loaded. */}
            <Suspense fallback={<Bone height={320} />}>
              <Boundary key={pathname}>
                {error && <Trouble error={error} onRetry={() => void refetch()} />}
                {session === undefined && !error && <Bone height={320} />}
                {session !== undefined && (session.operator ? <Outlet /> : <Gate session={session} />)}
              </Boundary>
            </Suspense>
          </main>
        </div>
      </div>
    </>
  )
}

function Item({ to, isEnd = false, children }: { to: string; isEnd?: boolean; children: string }) {
  return (
    <li>
      <NavLink to={to} end={isEnd}>
        {children}
      </NavLink>
    </li>
  )
}
