import chromium from '@sparticuz/chromium'
import { type Browser, chromium as playwright } from 'playwright-core'
import { browserPath } from '../config.ts'

const ARGS = ['--no-sandbox', '--disable-dev-shm-usage']

/** Chromium from npm on Linux, Chrome as it is installed elsewhere, or the browser that LEPTON_BROWSER names. */
export async function launchBrowser(): Promise<Browser> {
  const ofNpm = process.platform === 'linux' ? await chromium.executablePath() : undefined
  const executablePath = browserPath() ?? ofNpm
  return playwright.launch({
    args: ARGS,
    ...(executablePath === undefined ? { channel: 'chrome' } : { executablePath }),
  })
}
