import { resolve } from 'node:path'
import { readArgs, USAGE } from './args.ts'
import { describeFailure } from './cannot-start.ts'
import { serveControl } from './control.ts'
import { printProgress, printUrls, seconds } from './progress.ts'
import { ROOT, STATE_DIR } from './root.ts'
import { startShop } from './shop.ts'

/** A terminal's Ctrl-C reaches this process and its parent, which passes it on: within this time it is one wish. */
const SAME_WISH_MS = 1_000

async function main() {
  const began = performance.now()
  const args = readArgs(process.argv.slice(2))
  if (args.isHelp) return void process.stdout.write(USAGE)

  // Whatever this process and its children write is for this user only.
  process.umask(0o077)
  const wish = listenForStop()
  try {
    const shop = await startShop({
      root: ROOT,
      stateDir: resolve(args.stateDir ?? STATE_DIR),
      useDefaultPorts: args.useDefaultPorts,
      isFresh: args.isFresh,
      ...(args.restoreFrom !== undefined && { restoreFrom: resolve(args.restoreFrom) }),
      instances: args.instances,
      env: args.env,
      probe: args.probe,
      isReadyEarly: true,
      onProgress: printProgress,
      signal: wish.signal,
    })
    const closeControl = await serveControl(shop, () => wish.abort(new StopWish('npm run shop stop')))
    printUrls(shop)
    process.stdout.write(`ready after ${seconds(performance.now() - began)}\n`)
    shop.whole.catch((error: unknown) => {
      if (!wish.signal.aborted) process.stderr.write(`\n${describeFailure(error)}\n`)
    })

    await new Promise((stop) => wish.signal.addEventListener('abort', stop, { once: true }))
    process.stdout.write(`\nstopping (${(wish.signal.reason as Error).message})\n`)
    const stopping = performance.now()
    closeControl()
    await shop.stop()
    process.stdout.write(`stopped after ${seconds(performance.now() - stopping)}\n`)
  } catch (error) {
    if (error !== wish.signal.reason) throw error
    process.stdout.write('\nstopped before it was ready\n')
  }
}

class StopWish extends Error {}

/** A second wish to stop, a while after the first, ends everything by force: children die with this process. */
function listenForStop(): AbortController {
  const wish = new AbortController()
  let wishedAt = 0
  const onWish = (reason: string) => {
    if (!wish.signal.aborted) {
      wishedAt = Date.now()
      wish.abort(new StopWish(reason))
    } else if (Date.now() - wishedAt > SAME_WISH_MS) {
      process.kill(process.pid, 'SIGKILL')
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => onWish(signal))
  if (process.send) {
    process.once('disconnect', () => onWish('the parent process is gone'))
    if (!process.connected) onWish('the parent process is gone')
  }
  return wish
}

main()
  .catch((error: unknown) => {
    process.stderr.write(`\n${describeFailure(error)}\n`)
    process.exitCode = 1
  })
  .finally(() => process.channel?.unref())
