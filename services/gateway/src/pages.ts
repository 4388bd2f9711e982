import { PROBLEM_HELP } from '@lepton/contracts/problem-help'
import { PROBLEMS, type ProblemSlug } from '@lepton/contracts/problems'
import { refuse } from '@lepton/shop/refuse'
import { Router } from 'express'
import swaggerUi from 'swagger-ui-express'
import { openApiDocument } from './openapi.ts'

/** What people look at: the API's document and page, the problem types, the public keys. */
export function pageRoutes(publicKeys: () => Promise<string>): Router {
  const router = Router()
  const document = openApiDocument()
  router.get('/api/openapi.json', (_req, res) => void res.json(document))
  router.use('/api/docs', swaggerUi.serve)
  router.get('/api/docs', swaggerUi.setup(document, { customSiteTitle: 'Lepton API' }))
  router.get('/.well-known/jwks.json', async (_req, res) => void res.type('json').send(await publicKeys()))
  router.get('/problems', (_req, res) => void res.type('html').send(page('Problems', list())))
  router.get('/problems/:slug', (req, res) => {
    const { slug } = req.params
    if (!Object.hasOwn(PROBLEMS, slug)) throw refuse('not-found', 'There is no such problem type.')
    res.type('html').send(problemPage(slug as ProblemSlug))
  })
  return router
}

export function problemPage(slug: ProblemSlug): string {
  const { title, status } = PROBLEMS[slug]
  return page(
    title,
    `<p>${asHtml(PROBLEM_HELP[slug])}</p>
     <p>Answered with status ${status} as <code>/problems/${slug}</code>.</p>
     <p><a href="/problems">All problems</a></p>`,
  )
}

/** Our own text, in which backticks are code. */
function asHtml(text: string): string {
  return text.replace(/`(.+?)`/g, '<code>$1</code>')
}

function list(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([slug, { title, status }]) =>
      `<tr><td>${status}</td><td><a href="/problems/${slug}">${slug}</a></td><td>${title}</td></tr>`,
  )
  return `<table>${rows.join('')}</table>`
}

function page(title: string, content: string): string {
  const style =
    'body{font:16px/1.6 system-ui;max-width:46rem;margin:3rem auto;padding:0 1rem}td{padding:.2rem 1rem .2rem 0}'
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title} · Lepton</title><style>${style}</style><h1>${title}</h1>${content}</html>`
}
