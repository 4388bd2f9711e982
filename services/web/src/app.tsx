import { lazy } from 'react'
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

export function App() {
  return (
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
        <Route path="*" element={<NotFound />} />
      </Route>
    </Routes>
  )
}
