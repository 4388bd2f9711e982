import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '@lepton/common/runtime/log'
import { type RequestHandler, Router } from 'express'
import sirv from 'sirv'

/** The paths that are pages of the web app. Everything else is the API's, or a problem document. */
export const isWebPage = (path: string): boolean => /^\/(?:$|(?:shop|lab|console)(?:\/|$))/.test(path)

/** The web app as it was built into `dir`: one page for all its paths, and files whose names change with their content. */
export function webRoutes(dir: string, log: Log): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const index = join(dir, 'index.html')
  if (!existsSync(index)) {
    log.warn({ dir }, 'the web app is not built: its pages are not served')
    return router
  }
  // Held, so that it names the files that were there when this process started; a build leaves those for a day.
  const page = readFileSync(index)
  router.use(
    '/assets',
    sirv(join(dir, 'assets'), { immutable: true, maxAge: 31_536_000, brotli: true, gzip: true }),
  )
  router.use(sendPage(page))
  return router
}

function sendPage(page: Buffer): RequestHandler {
  return (req, res, next) => {
    if ((req.method !== 'GET' && req.method !== 'HEAD') || !isWebPage(req.path)) return next()
    res.locals.route = 'page'
    res.set('cache-control', 'no-cache').type('html').send(page)
  }
}
