import { expect, it } from '@jest/globals'
import { target } from '../journeys/world.ts'
import { sees } from './acts.ts'
import { asPerson, becomeOperator, type Person } from './browser.ts'
import { CONSOLE_STATES } from './console-states.ts'
import { faultsOf } from './inspect.ts'
import { breakableProduct } from './rule.ts'
import { SHOP_STATES } from './shop-states.ts'
import { failing } from './states.ts'

/** Pages of the console that are lists: what each is looked at for is the same. */
const LISTS = [
  'faults',
  'calls',
  'events',
  'queues',
  'alarms',
  'in-flight',
  'dead-letters',
  'stock',
  'logs?level=error',
  'activity',
]
const PAGES = [...LISTS, '', 'instances', 'orders', 'books']
/** Docker keeps the logs on Compose: there the page says what to type, and the browser notes the refusal. */
const hasLogs = target.inside !== undefined
const isThere = (page: string) => hasLogs || !page.startsWith('logs')

/** What is wrong with the page as it is now, in words. */
async function faultsHere(person: Person, { isFailing = false, isKnown = false } = {}): Promise<string[]> {
  const titles = await person.page.getByRole('heading', { level: 1 }).count()
  return [
    ...(titles === 1 ? [] : [`it has ${titles} titles`]),
    ...(await faultsOf(person.page, { isKnown })),
    // A browser notes the answers that failed.
    ...person.complaints().filter((text) => !isFailing || !text.startsWith('Failed to load resource')),
  ]
}

/** All pages before it says what is wrong with any. */
async function looksAt(
  person: Person,
  pages: readonly string[],
  open: (person: Person, page: string) => Promise<unknown>,
  how?: Parameters<typeof faultsHere>[1],
): Promise<void> {
  const faults: Record<string, string[]> = {}
  for (const page of pages.filter(isThere)) {
    await open(person, page)
    const here = await faultsHere(person, how)
    if (here.length > 0) faults[page] = here
  }
  expect(faults).toEqual({})
}

async function openList({ page }: Person, list: string): Promise<void> {
  await page.goto(`/console/${list}`)
  // What a page says once it has its figures; before that it has its name only.
  await page.locator('main').getByText(/\.$/).first().waitFor()
}

/** An answer in which there is nothing. */
function emptied(answer: string): string {
  const fields = Object.entries(JSON.parse(answer) as object)
  return JSON.stringify(
    Object.fromEntries(fields.map(([name, value]) => [name, Array.isArray(value) ? [] : value])),
  )
}

/** Of an instance whose name is a pod's. */
const CHANGED = JSON.stringify({
  key: 'instances/order/order-7c9d8b6f5d-x2x4x',
  before: '{"drain":true}',
  after: null,
  who: 'operator',
  why: 'a journey',
  at: '2026-01-01T00:00:00.000Z',
})

/**
 * An instance's name is as long here as the pod's behind a Kubernetes Deployment, the longest that it gets; figures are
 * as long as those of a busy shop that has fallen behind.
 */
const enlarged = (answer: string) =>
  answer
    .replaceAll(/"((?:gateway|cart|order|payment|inventory|ops)-)([0-9a-f]+)"/g, '"$17c9d8b6f5d-$2"')
    .replaceAll(/"(\w+_per_s)":(?:null|-?[\d.e-]+)/g, '"$1":-1234.5')
    .replaceAll(/"(\w+_ms)":(?:null|-?[\d.e-]+)/g, '"$1":876.5')
    .replaceAll(/"(lag_s|oldest_s)":(?:null|-?[\d.e-]+)/g, '"$1":5000')
    .replaceAll(/"clear_in_s":[\d.e-]+/g, '"clear_in_s":null')
    .replaceAll(/"owner":"[^"]+-1"/g, '"owner":null')
    .replaceAll(/"captured_minor":(?:null|\d+)/g, '"captured_minor":12345678901')
    .replace(/"changes":\[(?=(\])?)/, (begin, end) => begin + CHANGED + (end === undefined ? ',' : ''))
    .replaceAll(/"(lag_records|repeated|blocked|pending)":(?:null|\d+)/g, '"$1":12345')

/** Shows the operator other answers of `ops` than it gives. */
async function changeAnswers({ page }: Person, change: (answer: string) => string): Promise<void> {
  await page.route('**/api/v1/ops/**', async (route) => {
    const answer = await route.fetch()
    await route.fulfill({ response: answer, body: change(await answer.text()) })
  })
}

export function looks(): void {
  it(
    'finds the lists of the console in order',
    asPerson(async (person) => {
      await becomeOperator(person)
      await looksAt(person, LISTS, openList)
    }),
  )

  it(
    'finds the lists of the console in order where names are long and figures large',
    asPerson(async (person) => {
      await becomeOperator(person)
      await changeAnswers(person, enlarged)
      await looksAt(person, [...LISTS, 'instances', ''], openList, { isKnown: true })
    }),
  )

  it(
    'finds the lists of the console in order while there is nothing in them',
    asPerson(async (person) => {
      await becomeOperator(person)
      await changeAnswers(person, emptied)
      await looksAt(person, [...LISTS, 'orders'], openList, { isKnown: true })
    }),
  )

  it(
    'finds every page of the console in order while the shop gives no answer to it',
    asPerson(async (person) => {
      await becomeOperator(person)
      const open = (_: Person, page: string) => failing('/ops/**', `/console/${page}`)(person)
      await looksAt(person, PAGES, open, { isFailing: true, isKnown: true })
    }),
  )

  it(
    'finds an order that is stuck in order: its page, its dead letter before it is applied, and where it is',
    asPerson(async (person) => {
      const { page } = person
      await using product = await breakableProduct()
      const orderId = await product.order()
      await becomeOperator(person)
      await page.goto(`/console/orders/${orderId}`)
      await sees(page, /^Stuck/)
      await page.getByRole('region', { name: 'What happened, by service' }).waitFor()
      expect(await faultsHere(person)).toEqual([])

      await page.goto('/console/dead-letters')
      await page.getByRole('button', { name: 'Look first' }).click()
      await page.getByRole('cell', { name: 'would be applied' }).first().waitFor()
      expect(await faultsHere(person)).toEqual([])

      await page.goto('/console/in-flight')
      await page.getByRole('table').first().waitFor()
      expect(await faultsHere(person)).toEqual([])
      await product.replay(orderId)
    }),
  )

  // Docker Compose gives no page the right to act.
  const states = Object.entries({ ...SHOP_STATES, ...CONSOLE_STATES }).filter(
    ([, { isAct = false }]) => !isAct || target.inside !== undefined,
  )
  it.each(states)('finds %s in order, in both themes, wide and narrow', async (_name, state) => {
    await asPerson(async (person) => {
      await state.open(person)
      await sees(person.page, state.heading)
      // A heading before the rest has come would find an empty page in order.
      await person.page.evaluate('document.fonts.ready.then(() => undefined)')

      expect(await faultsHere(person, { isFailing: state.fails === true })).toEqual([])
    }, state.locale)()
  })
}
