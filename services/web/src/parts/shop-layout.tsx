import { Suspense, useState } from 'react'
import { Link, NavLink, Outlet, useLocation, useNavigate } from 'react-router'
import { useMessages } from '../messages/messages.tsx'
import { CartSheet } from '../shop/cart-sheet.tsx'
import { unitsIn, useCart } from '../shop/queries.ts'
import { Boundary } from './boundary.tsx'
import { Button } from './button.tsx'
import { LanguageButton } from './language-button.tsx'
import { Logo } from './logo.tsx'
import { Bone } from './panel.tsx'
import style from './shop-layout.module.css'
import { ThemeButton } from './theme-button.tsx'

/** The frame of the landing page and the shop. */
export function ShopLayout() {
  const messages = useMessages()
  const { nav, footer } = messages
  const { pathname } = useLocation()
  // Where it was opened: a navigation closes it.
  const [cartOpenAt, setCartOpenAt] = useState<string>()
  const isShop = pathname.startsWith('/shop')
  const { data: cart } = useCart({ enabled: isShop })
  const units = unitsIn(cart)
  return (
    <>
      <a className={style['skip']} href="#main">
        {nav.skip}
      </a>
      <header className={style['header']}>
        <Link to="/" className={style['logo']}>
          <Logo />
          Lepton <span lang="zh">轻子</span>
        </Link>
        <nav className={style['nav']} aria-label={nav.main}>
          <NavLink to="/shop" end={pathname.startsWith('/shop/orders')}>
            {nav.shop}
          </NavLink>
          <NavLink to="/shop/orders">{nav.orders}</NavLink>
          <NavLink to="/lab">{nav.lab}</NavLink>
          <NavLink to="/console">{nav.console}</NavLink>
          <a href="/api/docs">{nav.api}</a>
        </nav>
        {isShop && <Search />}
        <div className={style['right']}>
          <LanguageButton />
          <ThemeButton />
          {isShop && (
            <Button size="small" aria-label={nav.cartLabel(units)} onClick={() => setCartOpenAt(pathname)}>
              {nav.cart(units)}
            </Button>
          )}
        </div>
      </header>
      <main id="main" className={pathname === '/' ? style['wide'] : style['main']}>
        {/* Outside of what is new with each page: the last one stays until the next is loaded. */}
        <Suspense fallback={<Bone height={320} />}>
          <Boundary key={pathname}>
            <Outlet />
          </Boundary>
        </Suspense>
      </main>
      <footer className={style['footer']}>
        <p>{footer.line}</p>
        <a href="/api/docs">{nav.api}</a>
        <a href="/problems">{footer.problems}</a>
      </footer>
      <CartSheet isOpen={cartOpenAt === pathname} onClose={() => setCartOpenAt(undefined)} />
    </>
  )
}

function Search() {
  const { nav } = useMessages()
  const navigate = useNavigate()
  return (
    <form
      role="search"
      className={style['searching']}
      onSubmit={(event) => {
        event.preventDefault()
        const query = new FormData(event.currentTarget).get('query')
        const text = typeof query === 'string' ? query.trim() : ''
        void navigate(text === '' ? '/shop' : `/shop?${new URLSearchParams({ query: text }).toString()}`)
      }}
    >
      <input
        type="search"
        name="query"
        maxLength={100}
        className={style['search']}
        aria-label={nav.search}
        placeholder={nav.searchHint}
      />
    </form>
  )
}
