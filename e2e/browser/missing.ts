import { expect, it } from '@jest/globals'
import { target } from '../journeys/world.ts'
import { sees } from './acts.ts'
import { asPerson, becomeOperator } from './browser.ts'

/** Consul's own check of an instance may be the last to notice. */
const NOTICED_MS = 30_000
const REFUSED_MS = 40_000
const BACK_MS = 30_000

/** What the console says of what it cannot know. */
export function missing(): void {
  it(
    'names the service that is stopped on every page, and shows no figure of it, no nought and nothing green',
    asPerson(async (person) => {
      const { page } = person
      await becomeOperator(person)
      await page.goto('/console')
      await sees(page, /instances answer/)
      const names = await target.instances('inventory')
      const row = page.getByRole('row', { name: /^inventory/i })
      await Promise.all(names.map((name) => target.pause(name)))
      try {
        await sees(page, /No instance of inventory answers/, NOTICED_MS)
        await row.getByText(`0 of ${names.length}`).waitFor()
        const [, instances, ...figures] = await row.getByRole('cell').all()
        expect(await instances!.locator('[class*=bad]').count()).toBe(1)
        expect(await Promise.all(figures.map((figure) => figure.innerText()))).toEqual(figures.map(() => '—'))

        await page.getByRole('link', { name: 'Instances' }).click()
        await sees(page, /^Instances are missing: .*inventory/i)
        await page.getByRole('link', { name: 'Stock' }).click()
        // A request to a stopped process waits for its deadline, and is sent again.
        await page.getByRole('alert').waitFor({ timeout: REFUSED_MS })
        expect(await page.getByRole('table').count()).toBe(0)
        await page.getByRole('link', { name: 'Dead letters' }).click()
        await page.getByText('no figures from: inventory').waitFor()
      } finally {
        await Promise.all(names.map((name) => target.resume(name)))
      }
      await page.getByRole('link', { name: 'Overview' }).click()
      await sees(page, /instances answer/, BACK_MS)
      await row.getByText(`${names.length} of ${names.length}`).waitFor()
    }),
  )
}
