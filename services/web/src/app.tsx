import { Suspense } from 'react'
import { matchRoutes, type RouteObject, useRoutes } from 'react-router'
import { Landing } from './landing/landing.tsx'
import { preferredLanguage } from './language.ts'
import { consoleMessagesOf, type Language, patternMessagesOf } from './messages/languages.ts'
import { type LoadedPage, loadedPage } from './parts/loaded-page.tsx'
import { NotFound } from './parts/not-found.tsx'
import { ShopLayout } from './parts/shop-layout.tsx'
import { Catalogue } from './shop/catalogue.tsx'
import { prefetchProducts } from './shop/queries.ts'

const ProductPage = loadedPage(() => import('./shop/product-page.tsx').then((m) => m.ProductPage))
const CartPage = loadedPage(() => import('./shop/cart-page.tsx').then((m) => m.CartPage))
const OrderPage = loadedPage(() => import('./shop/order-page.tsx').then((m) => m.OrderPage))
const Checkout = loadedPage(() => {
  // Comes next, and has to be shown even where the shop is away by then: browsers try no import again that failed.
  void OrderPage.load()
  return import('./shop/checkout.tsx').then((m) => m.Checkout)
})
const Orders = loadedPage(() => import('./shop/orders.tsx').then((m) => m.Orders))
const Lab = loadedPage(() => import('./lab/lab.tsx').then((m) => m.Lab))
const Patterns = loadedPage(() =>
  beside(patternMessagesOf, import('./lab/patterns/patterns.tsx')).then((m) => m.Patterns),
)
const ConsoleLayout = loadedPage(() =>
  beside(consoleMessagesOf, import('./console/console-layout.tsx')).then((m) => m.ConsoleLayout),
)
const Overview = loadedPage(() => import('./console/overview.tsx').then((m) => m.Overview))
const Instances = loadedPage(() => import('./console/instances.tsx').then((m) => m.Instances))
const Books = loadedPage(() => import('./console/books.tsx').then((m) => m.Books))
const OpsOrders = loadedPage(() => import('./console/orders.tsx').then((m) => m.Orders))
const OpsOrder = loadedPage(() => import('./console/order.tsx').then((m) => m.OrderView))
const InFlight = loadedPage(() => import('./console/in-flight.tsx').then((m) => m.InFlight))
const DeadLetters = loadedPage(() => import('./console/dead-letters.tsx').then((m) => m.DeadLetters))
const Stock = loadedPage(() => import('./console/stock.tsx').then((m) => m.Stock))
const Logs = loadedPage(() => import('./console/logs.tsx').then((m) => m.Logs))
const Alarms = loadedPage(() => import('./console/alarms.tsx').then((m) => m.Alarms))
const Calls = loadedPage(() => import('./console/calls.tsx').then((m) => m.Calls))
const Faults = loadedPage(() => import('./console/faults.tsx').then((m) => m.Faults))
const Events = loadedPage(() => import('./console/events.tsx').then((m) => m.Events))
const Queues = loadedPage(() => import('./console/queues.tsx').then((m) => m.Queues))
const Activity = loadedPage(() => import('./console/activity.tsx').then((m) => m.Activity))

/** A page that has texts of its own is there when they are. */
async function beside<T>(textsOf: (language: Language) => Promise<unknown>, page: Promise<T>): Promise<T> {
  const [loaded] = await Promise.all([page, textsOf(preferredLanguage())])
  return loaded
}

/** It is on its way while the rest of the page is loaded, which does not wait for it. */
function askForShelf(): Promise<void> {
  if (location.search === '') prefetchProducts()
  return Promise.resolve()
}

const at = (path: string, Page: LoadedPage): RouteObject => ({ path, element: <Page />, handle: Page.load })

const ROUTES: RouteObject[] = [
  {
    element: <ShopLayout />,
    children: [
      { index: true, element: <Landing /> },
      { path: 'shop', element: <Catalogue />, handle: askForShelf },
      at('shop/p/:productId', ProductPage),
      at('shop/cart', CartPage),
      at('shop/checkout', Checkout),
      at('shop/orders', Orders),
      at('shop/orders/:orderId', OrderPage),
      at('lab', Lab),
      at('lab/patterns', Patterns),
      { path: '*', element: <NotFound /> },
    ],
  },
  {
    path: 'console',
    element: <ConsoleLayout />,
    handle: ConsoleLayout.load,
    children: [
      { index: true, element: <Overview />, handle: Overview.load },
      at('instances', Instances),
      at('orders', OpsOrders),
      at('orders/:orderId', OpsOrder),
      at('in-flight', InFlight),
      at('dead-letters', DeadLetters),
      at('stock', Stock),
      at('logs', Logs),
      at('alarms', Alarms),
      at('calls', Calls),
      at('faults', Faults),
      at('events', Events),
      at('queues', Queues),
      at('activity', Activity),
      at('books', Books),
      { path: '*', element: <NotFound /> },
    ],
  },
]

/** Loads what the page at a path is made of. What fails is said where the page would be. */
export async function loadPage(path: string): Promise<void> {
  const routes = matchRoutes(ROUTES, path) ?? []
  await Promise.allSettled(
    routes.map(async ({ route }) => (route.handle as LoadedPage['load'] | undefined)?.()),
  )
}

export function App() {
  return <Suspense>{useRoutes(ROUTES)}</Suspense>
}
