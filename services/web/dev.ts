import { createServer } from 'vite'
import { config } from './vite.ts'

// A page that changes as its source does; the API is the running shop's.
const shop = process.argv[2] ?? 'http://localhost:8080'
const server = await createServer({
  ...config,
  logLevel: 'info',
  // The page's own Host goes on to the gateway, which compares it with the Origin of every change.
  server: { proxy: { '/api': { target: shop, changeOrigin: false }, '/problems': shop } },
})
await server.listen()
server.printUrls()
