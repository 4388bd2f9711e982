import { sees } from './acts.ts'
import { becomeOperator, type Person } from './browser.ts'
import { ordered } from './shop-states.ts'
import { failing, goTo, type State } from './states.ts'

const AT = '2026-11-26T22:00:00.000Z'
const LONG_LINE = {
  as_of: AT,
  items: [
    {
      at: AT,
      level: 'error',
      service: 'order',
      instance: 'order-1',
      message: 'a fault with its stack',
      fields: { err: { stack: 'at settle '.repeat(200) }, cause: '01a1fea5'.repeat(60) },
    },
  ],
}

/** A page of the console for an operator, and what is done there before it is looked at. */
const operatorAt =
  (path: string, act: (person: Person) => Promise<unknown> = () => Promise.resolve()) =>
  async (person: Person) => {
    await becomeOperator(person)
    await person.page.goto(`/console${path}`)
    await act(person)
  }

/** Opens a dialog, which wants a reason. */
const asksWhy =
  (button: string) =>
  async ({ page }: Person) => {
    await page.getByRole('button', { name: button }).click()
    await page.getByRole('dialog').getByText('Why?').waitFor()
  }

/** What the console shows beside its lists. */
export const CONSOLE_STATES: Record<string, State> = {
  'the console before one signs in': { heading: 'Operators only', open: goTo('/console') },
  'the overview': {
    heading: /instances? (answer|of)|not answered/,
    open: operatorAt('', ({ page }) => page.getByText('Services, worst first').waitFor()),
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
    heading: /^All expected|^Instances are/,
    open: operatorAt('/instances'),
  },
  'an act before it is done': {
    heading: /^All expected|^Instances are/,
    isAct: true,
    open: operatorAt('/instances', asksWhy('Kill cart-1')),
  },
  'the threshold of an alarm': {
    heading: /firing|Firing/,
    open: operatorAt('/alarms', asksWhy('Set threshold of OutboxWaits')),
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
    open: operatorAt('/orders?query=lamp'),
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
    open: operatorAt('/books'),
  },
  'the overview in Chinese': {
    heading: /个实例响应正常|无响应|没有可用实例/,
    locale: 'zh-CN',
    open: operatorAt('', ({ page }) => page.getByText('服务（问题最多的在前）').waitFor()),
  },
  'a setting of the mesh before it is changed': {
    heading: /healthy; no breaker is open|^Breakers are open|^Out by/,
    open: operatorAt('/calls', asksWhy('Set a setting of the mesh')),
  },
  'a line of the log that is long': {
    heading: 'The latest lines of all processes.',
    open: async (person) => {
      await becomeOperator(person)
      await person.page.route('**/api/v1/ops/logs?**', (route) => route.fulfill({ json: LONG_LINE }))
      await person.page.goto('/console/logs')
      await person.page.getByText('a fault with its stack').waitFor()
    },
  },
  'an order that cannot be read': {
    heading: 'Order',
    fails: true,
    open: async (person) => {
      await becomeOperator(person)
      await failing('/ops/orders/*', '/console/orders/01a1fea5-ba4b-71f4-85de-696148493360')(person)
    },
  },
  'an order that does not exist': {
    heading: 'There is no such order.',
    fails: true,
    open: operatorAt('/orders/01a1fea5-ba4b-71f4-85de-696148493360'),
  },
}
