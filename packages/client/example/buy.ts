import { createClient } from '../src/client.ts'

const shop = createClient({ url: process.argv[2] ?? 'http://localhost:8080' })

await shop.addToCart('desk-lamp', 2)
const { order_id } = await shop.checkOut('tok_approved')
for await (const { order } of shop.followOrder(order_id)) {
  process.stdout.write(`${order.status} ${order.amount_minor / 100} ${order.currency}\n`)
}
