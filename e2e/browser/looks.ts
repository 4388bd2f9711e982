import { AxeBuilder } from '@axe-core/playwright'
import { expect, it } from '@jest/globals'
import type { Page } from 'playwright-core'
import { target } from '../journeys/world.ts'
import { addToCart, order, sees } from './acts.ts'
import { asPerson, becomeOperator, type Person } from './browser.ts'

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const RULES_OF_LOOKS = ['color-contrast', 'target-size']
const WIDTHS = [1280, 360]
const THEMES = ['light', 'dark'] as const

interface State {
  heading: string | RegExp
  /** Where the state is one of failing, a browser notes the answers that failed. */
  fails?: boolean
  /** It needs the right to act on processes. */
  isAct?: boolean
  /** The browser's, where it is not English. */
  locale?: string
  open: (person: Person) => Promise<unknown>
}

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

/** How much wider than the window the page is, once it has been laid out for it. */
const OVERFLOW = `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() =>
  resolve(document.documentElement.scrollWidth - innerWidth))))`

const goTo = (path: string) => (person: Person) => person.page.goto(path)

async function ordered(person: Person, card: string, heading: RegExp): Promise<void> {
  await addToCart(person.page, 'fountain-pen')
  await order(person.page, { card })
  await sees(person.page, heading)
}

const STATES: Record<string, State> = {
  'the landing page': { heading: /stays right/, open: goTo('/') },
  'the shelf': { heading: 'Shop', open: goTo('/shop') },
  'the shelf, searched in vain': { heading: 'Shop', open: goTo('/shop?query=zeppelin') },
  'the shelf, unavailable': {
    heading: 'Shop',
    fails: true,
    open: async ({ page }) => {
      await page.route('**/api/v1/products?*', (route) => route.fulfill(UNAVAILABLE))
      await page.goto('/shop')
      await page.getByRole('alert').waitFor()
    },
  },
  'the shelf while it loads': {
    heading: 'Shop',
    open: async ({ page }) => {
      await page.route('**/api/v1/products?*', () => undefined)
      await page.goto('/shop')
    },
  },
  'a product': { heading: 'Desk Lamp', open: goTo('/shop/p/desk-lamp') },
  'a product that is sold out': {
    heading: 'Desk Lamp',
    open: async ({ page }) => {
      await page.route('**/api/v1/products/desk-lamp', async (route) => {
        const answer = await route.fetch()
        await route.fulfill({
          response: answer,
          json: { ...((await answer.json()) as object), available: 0 },
        })
      })
      await page.goto('/shop/p/desk-lamp')
      await page.getByText('Sold out').waitFor()
    },
  },
  'a product that does not exist': {
    heading: /not in the catalogue/,
    fails: true,
    open: goTo('/shop/p/zeppelin'),
  },
  'an empty cart': { heading: 'Cart', open: goTo('/shop/cart') },
  'a cart': {
    heading: 'Cart',
    open: async ({ page }) => {
      await addToCart(page, 'desk-lamp')
      await page.goto('/shop/cart')
    },
  },
  'the cart beside a page': {
    heading: 'Desk Lamp',
    open: async ({ page }) => {
      await addToCart(page, 'desk-lamp')
      await page.getByRole('button', { name: /^Cart/ }).click()
      await page.getByRole('dialog').getByText('Total').waitFor()
    },
  },
  'the checkout': {
    heading: 'Check out',
    open: async ({ page }) => {
      await addToCart(page, 'desk-lamp')
      await page.goto('/shop/checkout')
      await page.getByText('Your order').waitFor()
    },
  },
  'no orders': { heading: 'My orders', open: goTo('/shop/orders') },
  'an order that is done': { heading: /^Done/, open: (person) => ordered(person, 'Works', /^Done/) },
  'an order that was declined': {
    heading: /declined/,
    open: (person) => ordered(person, 'Declined', /declined/),
  },
  'an order of another customer': {
    heading: /no such order/,
    fails: true,
    open: goTo('/shop/orders/01a1fea5-ba4b-71f4-85de-696148493360'),
  },
  orders: {
    heading: 'My orders',
    open: async (person) => {
      await ordered(person, 'Works', /^Done/)
      await person.page.goto('/shop/orders')
    },
  },
  'the lab': { heading: 'Kill something while buying', open: goTo('/lab') },
  'a pattern that is left out': {
    heading: 'Leave a pattern out',
    open: async ({ page }) => {
      await page.goto('/lab/patterns?without=acknowledgement')
      await page.getByText('all promises kept').waitFor()
    },
  },
  'the console before one signs in': { heading: 'Operators only', open: goTo('/console') },
  'the overview': {
    heading: /instances? (answer|of)|not answered/,
    open: async (person) => {
      await becomeOperator(person)
      await person.page.goto('/console')
      await person.page.getByText('Services, worst first').waitFor()
    },
  },
  'the keys of the console, while it is paused': {
    heading: /instances? (answer|of)|not answered/,
    open: async (person) => {
      await becomeOperator(person)
      await person.page.goto('/console')
      await sees(person.page, /instances? (answer|of)|not answered/)
      await person.page.keyboard.press('p')
      await person.page.getByText('paused', { exact: true }).waitFor()
      await person.page.keyboard.press('?')
      await person.page.getByRole('dialog', { name: 'Keys' }).waitFor()
    },
  },
  'the instances': {
    heading: /^As many|^Instances are/,
    open: async (person) => {
      await becomeOperator(person)
      await person.page.goto('/console/instances')
    },
  },
  'an act before it is done': {
    heading: /^As many|^Instances are/,
    isAct: true,
    open: async (person) => {
      await becomeOperator(person)
      await person.page.goto('/console/instances')
      await person.page.getByRole('button', { name: 'Kill cart-1' }).click()
      await person.page.getByRole('dialog').getByText('Why?').waitFor()
    },
  },
  'the threshold of an alarm': {
    heading: /firing|Firing/,
    open: async (person) => {
      await becomeOperator(person)
      await person.page.goto('/console/alarms')
      await person.page.getByRole('button', { name: 'Set threshold of OutboxWaits' }).click()
      await person.page.getByRole('dialog').getByText('Why?').waitFor()
    },
  },
  'all orders': {
    heading: /^Orders of all/,
    open: async (person) => {
      await ordered(person, 'Works', /^Done/)
      await becomeOperator(person)
      await person.page.goto('/console/orders')
      await person.page.getByRole('table').waitFor()
    },
  },
  'a search for what is no id': {
    heading: /^Orders of all/,
    open: async (person) => {
      await becomeOperator(person)
      await person.page.goto('/console/orders?query=lamp')
    },
  },
  'the story of an order': {
    heading: /^Completed/,
    open: async (person) => {
      await ordered(person, 'Works', /^Done/)
      await becomeOperator(person)
      await person.page.getByRole('link', { name: 'Open in the console' }).click()
      await person.page.getByRole('region', { name: 'What happened, by service' }).waitFor()
    },
  },
  'the books': {
    heading: /promises|compared/,
    open: async (person) => {
      await becomeOperator(person)
      await person.page.goto('/console/books')
    },
  },
  'the checkout in Chinese': {
    heading: '结算',
    locale: 'zh-CN',
    open: async ({ page }) => {
      await page.goto('/shop/p/desk-lamp')
      await page.getByRole('button', { name: '加入购物车' }).click()
      await page.getByText('已加入购物车').waitFor()
      await page.goto('/shop/checkout')
      await page.getByText('您的订单').waitFor()
    },
  },
  'the overview in Chinese': {
    heading: /个实例响应正常|无响应|没有可用实例/,
    locale: 'zh-CN',
    open: async (person) => {
      await becomeOperator(person)
      await person.page.goto('/console')
      await person.page.getByText('服务（问题最多的在前）').waitFor()
    },
  },
  'a page that does not exist': { heading: /no such page/, open: goTo('/shop/nowhere') },
}

/** What is wrong with the page as it is now, wide and narrow, light and dark, in words. */
async function faultsOf(page: Page): Promise<string[]> {
  const faults: string[] = []
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 })
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme })
      const where = `${width} px, ${colorScheme}`
      // Laid out for the width before, it is looked at once more.
      const wider = (await page.evaluate<number>(OVERFLOW)) > 0 ? await page.evaluate<number>(OVERFLOW) : 0
      if (wider > 0) faults.push(`${where}: ${wider} px wider than the window`)
      // Wide and light in full; narrow and dark for what is different there: colours and sizes. The other two show nothing new.
      const isFirst = width === WIDTHS[0] && colorScheme === 'light'
      const isLast = width === WIDTHS.at(-1) && colorScheme === 'dark'
      if (!isFirst && !isLast) continue
      const look = () => {
        const axe = new AxeBuilder({ page }).setLegacyMode(true)
        return (isFirst ? axe.withTags(RULES) : axe.withRules(RULES_OF_LOOKS)).analyze()
      }
      // In the moment of a change a page may show both themes: a fault is there when one looks again.
      const first = await look()
      const { violations } = first.violations.length === 0 ? first : await look()
      for (const { id, nodes } of violations)
        faults.push(
          `${where}: ${id} at ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join(' ')}`,
        )
    }
  }
  return faults
}

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

export function looks(): void {
  it(
    'finds the lists of the console in order',
    asPerson(async (person) => {
      await becomeOperator(person)
      // Docker keeps the logs on Compose: there the page says what to type, and the browser notes the refusal.
      const hasLogs = target.inside !== undefined
      for (const list of LISTS.filter((one) => hasLogs || !one.startsWith('logs'))) {
        await person.page.goto(`/console/${list}`)
        // What a page says once it has its figures; before that it has its name only.
        await person.page.locator('main').getByText(/\.$/).first().waitFor()
        expect([list, ...(await faultsOf(person.page)), ...person.complaints()]).toEqual([list])
      }
    }),
  )

  // Docker Compose gives no page the right to act.
  const states = Object.entries(STATES).filter(
    ([, { isAct = false }]) => !isAct || target.inside !== undefined,
  )
  it.each(states)('finds %s in order, in both themes, wide and narrow', async (_name, state) => {
    await asPerson(async (person) => {
      await state.open(person)
      await sees(person.page, state.heading)
      // A heading before the rest has come would find an empty page in order.
      await person.page.evaluate('document.fonts.ready.then(() => undefined)')

      const complaints = person.complaints()
      const isExpected = (text: string) => state.fails === true && text.startsWith('Failed to load resource')
      expect(complaints.filter((text) => !isExpected(text))).toEqual([])
      expect(await faultsOf(person.page)).toEqual([])
    }, state.locale)()
  })
}
