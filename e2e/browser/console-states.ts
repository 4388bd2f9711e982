import { sees } from './acts.ts'
import { becomeOperator } from './browser.ts'
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

/** What the console shows beside its lists. */
export const CONSOLE_STATES: Record<string, State> = {
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
    heading: /^All expected|^Instances are/,
    open: async (person) => {
      await becomeOperator(person)
      await person.page.goto('/console/instances')
    },
  },
  'an act before it is done': {
    heading: /^All expected|^Instances are/,
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
  'the overview in Chinese': {
    heading: /个实例响应正常|无响应|没有可用实例/,
    locale: 'zh-CN',
    open: async (person) => {
      await becomeOperator(person)
      await person.page.goto('/console')
      await person.page.getByText('服务（问题最多的在前）').waitFor()
    },
  },
  'a setting of the mesh before it is changed': {
    heading: /healthy; no breaker is open|^Breakers are open|^Out by/,
    open: async (person) => {
      await becomeOperator(person)
      await person.page.goto('/console/calls')
      await person.page.getByRole('button', { name: 'Set a setting of the mesh' }).click()
      await person.page.getByRole('dialog').getByText('Why?').waitFor()
    },
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
    open: async (person) => {
      await becomeOperator(person)
      await person.page.goto('/console/orders/01a1fea5-ba4b-71f4-85de-696148493360')
    },
  },
}
