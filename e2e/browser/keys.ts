import type { Locator, Page } from 'playwright-core'

/** No page has so many things to stop at: who has not arrived by then has gone in circles. */
const MAX_STOPS = 120

/** Goes on by Tab, as a person without a mouse does, until something has the focus. */
export async function tabTo(page: Page, wanted: Locator): Promise<void> {
  await wanted.waitFor()
  const focused = wanted.and(page.locator(':focus'))
  for (let stops = 0; stops < MAX_STOPS; stops++) {
    if ((await focused.count()) > 0) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`no Tab leads to ${String(wanted)}`)
}

export async function press(page: Page, wanted: Locator, key = 'Enter'): Promise<void> {
  await tabTo(page, wanted)
  await page.keyboard.press(key)
}
