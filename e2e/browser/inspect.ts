import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

interface Look {
  width: number
  colorScheme: 'light' | 'dark'
  /** The browser paints in few colours of its own, as some people need it. */
  forcedColors?: 'active'
  /** All rules, or those that this look may break when the first has not. */
  rules?: 'all' | string[]
}

/**
 * 640 px are a window of 1 280 px at 200 %, 320 px one at 400 %; 1 130 px is the narrowest at which the console has
 * tables and no cards. No theme is wider than the other.
 */
const LOOKS: Look[] = [
  { width: 1280, colorScheme: 'light', rules: 'all' },
  { width: 1130, colorScheme: 'light' },
  { width: 640, colorScheme: 'light' },
  { width: 320, colorScheme: 'light' },
  { width: 360, colorScheme: 'dark', rules: ['color-contrast', 'target-size'] },
  { width: 1280, colorScheme: 'dark', forcedColors: 'active', rules: ['color-contrast'] },
]

/** Where the parts of a page have been looked at in full elsewhere: only how they stand beside each other is new. */
const AT_A_GLANCE = LOOKS.slice(0, 4)

/** How much wider than the window the page is, once it has been laid out for it. */
const OVERFLOW = `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() =>
  resolve(document.documentElement.scrollWidth - innerWidth))))`

/** What moves, although the person who looks asked for less of it. */
const MOVING = `document.getAnimations()
  .filter(({ playState, effect }) => playState === 'running' && effect.getComputedTiming().duration > 1)
  .map(({ effect }) => effect.target?.outerHTML.slice(0, 200) ?? '')`

/** What is wrong with the page as it is now, wide and narrow, light and dark, in words; the person asks for little motion. */
export async function faultsOf(page: Page, { isKnown = false } = {}): Promise<string[]> {
  const faults: string[] = []
  for (const { width, rules, ...media } of isKnown ? AT_A_GLANCE : LOOKS) {
    await page.setViewportSize({ width, height: 800 })
    await page.emulateMedia({ forcedColors: null, ...media })
    const where = `${width} px, ${media.forcedColors === undefined ? media.colorScheme : 'forced colours'}`
    // Laid out for the width before, it is looked at once more.
    const wider = (await page.evaluate<number>(OVERFLOW)) > 0 ? await page.evaluate<number>(OVERFLOW) : 0
    if (wider > 0) faults.push(`${where}: ${wider} px wider than the window`)
    if (rules !== undefined)
      faults.push(...(await violations(page, rules)).map((fault) => `${where}: ${fault}`))
  }
  const moving = await page.evaluate<string[]>(MOVING)
  return [...faults, ...moving.map((what) => `it moves: ${what}`)]
}

async function violations(page: Page, rules: NonNullable<Look['rules']>): Promise<string[]> {
  const look = () => {
    const axe = new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'] })
    return (rules === 'all' ? axe.withTags(RULES) : axe.withRules(rules)).analyze()
  }
  // In the moment of a change a page may show both themes: a fault is there when one looks again.
  const first = await look()
  const last = first.violations.length === 0 ? first : await look()
  return last.violations.map(
    ({ id, nodes }) =>
      `${id} at ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join(' ')}`,
  )
}
