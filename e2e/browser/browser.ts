import type { Browser, BrowserContext, Page } from 'playwright-core'
import { target } from '../journeys/world.ts'
import { launchBrowser } from './launch.ts'
import { becomeOperator as signIn } from './sign-in.ts'

/** A busy machine is slow; a page that does not come is not there after this time either. */
const TIMEOUT_MS = 15_000

const REPORT_POLICY =
  "addEventListener('securitypolicyviolation', (e) => console.error('policy', e.violatedDirective, e.blockedURI))"

/** uPlot and dates need a locale; a headless browser has none of its own. */
const ENGLISH = 'en-GB'

/** One browser for all tests. */
let started: Promise<Browser> | undefined

export async function closeBrowser(): Promise<void> {
  await (await started?.catch(() => undefined))?.close()
}

/** A person: cookies of their own, and what their pages complained about. */
export interface Person {
  context: BrowserContext
  page: Page
  /** A further tab. */
  tab(): Promise<Page>
  /** What pages wrote to the console as warnings and errors, and what broke the policy; empty again afterwards. */
  complaints(): string[]
  leave(): Promise<void>
}

export async function newPerson(locale = ENGLISH): Promise<Person> {
  const browser = await (started ??= launchBrowser())
  const context = await browser.newContext({
    baseURL: target.gateway,
    viewport: { width: 1280, height: 900 },
    locale,
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(TIMEOUT_MS)
  const complaints: string[] = []
  await context.addInitScript({ content: REPORT_POLICY })
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(error.error().message))
  return {
    context,
    page: await context.newPage(),
    tab: () => context.newPage(),
    complaints: () => complaints.splice(0),
    leave: () => context.close(),
  }
}

/** Signs the browser in as an operator, beside the shopper that it is. */
export function becomeOperator({ page }: Person, name?: string): Promise<void> {
  return signIn(page, target.gateway, target.operatorSecret, name)
}

/** Runs what a person does, and lets them leave however it ends. */
export function asPerson(act: (person: Person) => Promise<void>, locale?: string): () => Promise<void> {
  return async () => {
    const person = await newPerson(locale)
    try {
      await act(person)
    } finally {
      await person.leave()
    }
  }
}
