import type { Shop } from '@lepton/local/shop-types'
import type { Browser } from 'playwright-core'
import { judge } from './budget.ts'
import { visit } from './pages.ts'

const VERDICT_MS = 120_000
const RUN_MS = 300_000

/** Both experiments of the lab, as a person runs them. */
export async function measureLab(browser: Browser, shop: Shop): Promise<void> {
  await measureKill(browser, shop)
  await measurePatterns(browser, shop)
}

async function measureKill(browser: Browser, shop: Shop): Promise<void> {
  const { page, leave } = await visit(browser, shop, { path: '/lab', isOperator: true })
  const start = page.getByRole('button', { name: 'Buy, and kill one order service' })
  const clickedAt = performance.now()
  await start.click()
  await page
    .getByRole('definition')
    .nth(1)
    .getByText(/^[1-9]/)
    .waitFor()
  judge('lab, from the click to the first order of the crowd', performance.now() - clickedAt, 1_000, 'ms')
  await page.getByText('It is dead').waitFor({ timeout: VERDICT_MS })
  const killedAt = performance.now()
  await page.getByRole('region', { name: /^Nothing was lost/ }).waitFor({ timeout: VERDICT_MS })
  judge('lab, from the kill to the verdict', (performance.now() - killedAt) / 1_000, 20, 's', 1)
  await leave()
}

async function measurePatterns(browser: Browser, shop: Shop): Promise<void> {
  const { page, leave } = await visit(browser, shop, { path: '/lab', isOperator: true })
  const openedAt = performance.now()
  await page.getByRole('link', { name: 'Leave a pattern out' }).click()
  await page.getByRole('button', { name: 'Replay' }).click()
  await page.getByText('attacked', { exact: true }).first().waitFor()
  judge('a recorded pair, from the click to its replay', performance.now() - openedAt, 500, 'ms')

  await page.getByLabel('Leave out').selectOption('idempotency')
  const startedAt = performance.now()
  await page.getByRole('button', { name: 'Run this pair now' }).click()
  await page.getByText('done: the idempotency key').waitFor({ timeout: RUN_MS })
  judge('a pair that is run here', (performance.now() - startedAt) / 1_000, 240, 's')
  await leave()
}
