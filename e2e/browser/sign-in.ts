import type { Page } from 'playwright-core'

/** Signs a page's browser in as an operator, beside the shopper that it is. */
export async function becomeOperator(
  page: Page,
  gateway: string,
  secret: string,
  name = 'browser',
): Promise<void> {
  const answer = await page.request.post(`${gateway}/api/v1/session/operator`, {
    headers: { origin: gateway },
    data: { secret, name },
  })
  if (answer.status() !== 201) throw new Error(`POST /session/operator answered ${answer.status()}`)
}
