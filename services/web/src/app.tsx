import { lazy, Suspense } from 'react'
import { Route, Routes } from 'react-router'
import { Landing } from './landing/landing.tsx'
import { NotFound } from './parts/not-found.tsx'
import { ShopLayout } from './parts/shop-layout.tsx'
import { Catalogue } from './shop/catalogue.tsx'

const ProductPage = lazy(() => import('./shop/product-page.tsx').then((m) => ({ default: m.ProductPage })))
const CartPage = lazy(() => import('./shop/cart-page.tsx').then((m) => ({ default: m.CartPage })))
const Checkout = lazy(() => import('./shop/checkout.tsx').then((m) => ({ default: m.Checkout })))
const Orders = lazy(() => import('./shop/orders.tsx').then((m) => ({ default: m.Orders })))
const OrderPage = lazy(() => import('./shop/order-page.tsx').then((m) => ({ default: m.OrderPage })))
const Lab = lazy(() => import('./lab/lab.tsx').then((m) => ({ default: m.Lab })))
const Patterns = lazy(() => import('./lab/patterns/patterns.tsx').then((m) => ({ default: m.Patterns })))
const ConsoleLayout = lazy(() =>
  import('./console/console-layout.tsx').then((m) => ({ default: m.ConsoleLayout })),
)
const Overview = lazy(() => import('./console/overview.tsx').then((m) => ({ default: m.Overview })))
const Instances = lazy(() => import('./console/instances.tsx').then((m) => ({ default: m.Instances })))
const Books = lazy(() => import('./console/books.tsx').then((m) => ({ default: m.Books })))
const OpsOrders = lazy(() => import('./console/orders.tsx').then((m) => ({ default: m.Orders })))
const OpsOrder = lazy(() => import('./console/order.tsx').then((m) => ({ default: m.OrderView })))
const InFlight = lazy(() => import('./console/in-flight.tsx').then((m) => ({ default: m.InFlight })))
const DeadLetters = lazy(() => import('./console/dead-letters.tsx').then((m) => ({ default: m.DeadLetters })))
const Stock = lazy(() => import('./console/stock.tsx').then((m) => ({ default: m.Stock })))
const Logs = lazy(() => import('./console/logs.tsx').then((m) => ({ default: m.Logs })))
const Alarms = lazy(() => import('./console/alarms.tsx').then((m) => ({ default: m.Alarms })))
const Calls = lazy(() => import('./console/calls.tsx').then((m) => ({ default: m.Calls })))
const Faults = lazy(() => import('./console/faults.tsx').then((m) => ({ default: m.Faults })))
const Events = lazy(() => import('./console/events.tsx').then((m) => ({ default: m.Events })))
const Queues = lazy(() => import('./console/queues.tsx').then((m) => ({ default: m.Queues })))
const Activity = lazy(() => import('./console/activity.tsx').then((m) => ({ default: m.Activity })))

export function App() {
  return (
    <Suspense>
      <Routes>
        <Route element={<ShopLayout />}>
          <Route index element={<Landing />} />
          <Route path="shop">
            <Route index element={<Catalogue />} />
            <Route path="p/:productId" element={<ProductPage />} />
            <Route path="cart" element={<CartPage />} />
            <Route path="checkout" element={<Checkout />} />
            <Route path="orders" element={<Orders />} />
            <Route path="orders/:orderId" element={<OrderPage />} />
          </Route>
          <Route path="lab" element={<Lab />} />
          <Route path="lab/patterns" element={<Patterns />} />
          <Route path="*" element={<NotFound />} />
        </Route>
        <Route path="console" element={<ConsoleLayout />}>
          <Route index element={<Overview />} />
          <Route path="instances" element={<Instances />} />
          <Route path="orders" element={<OpsOrders />} />
          <Route path="orders/:orderId" element={<OpsOrder />} />
          <Route path="in-flight" element={<InFlight />} />
          <Route path="dead-letters" element={<DeadLetters />} />
          <Route path="stock" element={<Stock />} />
          <Route path="logs" element={<Logs />} />
          <Route path="alarms" element={<Alarms />} />
          <Route path="calls" element={<Calls />} />
          <Route path="faults" element={<Faults />} />
          <Route path="events" element={<Events />} />
          <Route path="queues" element={<Queues />} />
          <Route path="activity" element={<Activity />} />
          <Route path="books" element={<Books />} />
          <Route path="*" element={<NotFound />} />
        </Route>
      </Routes>
    </Suspense>
  )
}
