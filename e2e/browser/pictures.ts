import { join } from 'node:path'
import { it } from '@jest/globals'
import { picturesDir } from '../config.ts'
import { asPerson, becomeOperator } from './browser.ts'

const KILL_SEEN_MS = 20_000

/** The pictures of the README, taken again where LEPTON_PICTURES names their folder. */
export function pictures(): void {
  const dir = picturesDir()
  if (dir === undefined) return

  it(
    'are the shop, the lab while an order service dies, and the console a moment later',
    asPerson(async (person) => {
      const { page } = person
      const take = (name: string) => page.screenshot({ path: join(dir, name) })
      await page.setViewportSize({ width: 1280, height: 800 })
      await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'no-preference' })
      await page.goto('/shop')
      await page.getByRole('link', { name: 'Desk Lamp' }).waitFor()
      await take('shop.png')

      await becomeOperator(person, 'Ada')
      const console = await person.tab()
      await console.setViewportSize({ width: 1280, height: 800 })
      await console.goto('/console')
      await page.goto('/lab')
      await page.getByRole('button', { name: /^Buy, and kill/ }).click()
      await page.getByText('It is dead').waitFor({ timeout: KILL_SEEN_MS })
      await page.evaluate('scrollTo(0, 0)')
      // Photographs, not drawings, are what JPEG is for; its points glow like one.
      await take('lab.jpg')

      await console
        .getByRole('heading', { name: /^order-1 has not answered/ })
        .waitFor({ timeout: KILL_SEEN_MS })
      await console.screenshot({ path: join(dir, 'console.png') })
    }),
  )
}
