import type { Person } from './browser.ts'

/** A page in one of the states that people see it in. */
export interface State {
  heading: string | RegExp
  /** It is one of failing. */
  fails?: boolean
  /** It needs the right to act on processes. */
  isAct?: boolean
  /** The browser's, where it is not English. */
  locale?: string
  open: (person: Person) => Promise<unknown>
}

export const goTo = (path: string) => (person: Person) => person.page.goto(path)

const UNAVAILABLE = {
  status: 503,
  contentType: 'application/problem+json',
  body: JSON.stringify({
    type: '/problems/unavailable',
    title: 'A required service is unavailable',
    status: 503,
    detail: 'inventory is not available.',
    trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  }),
}
/** Nothing that a client would try again. */
const BUG = {
  status: 500,
  contentType: 'application/problem+json',
  body: JSON.stringify({ type: 'about:blank', title: 'Internal Server Error', status: 500 }),
}

/** Opens a page while part of the API does not answer as it should, and waits until the page says so. */
export function failing(api: string, path: string, { isPassing = false } = {}) {
  return async ({ page }: Person) => {
    await page.route(`**/api/v1${api}`, (route) => route.fulfill(isPassing ? UNAVAILABLE : BUG))
    await page.goto(path)
    await page.getByRole('alert').first().waitFor()
  }
}
