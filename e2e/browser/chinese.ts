import { expect, it } from '@jest/globals'
import { chargesOf } from '../journeys/world.ts'
import { arriveAtOrder, sees } from './acts.ts'
import { asPerson, becomeOperator } from './browser.ts'

const CHINESE = 'zh-CN'

/** The shop and the console for people who read Chinese. */
export function chinese(): void {
  it(
    'buys a desk lamp in Chinese, in a browser that asks for it',
    asPerson(async ({ page, complaints }) => {
      await page.goto('/shop')
      await page.getByRole('searchbox', { name: '搜索商品' }).fill('台灯')
      await page.keyboard.press('Enter')
      await page.waitForURL(/query=/)
      await page.getByText('共找到').waitFor()
      await page.getByRole('link', { name: '台灯' }).click()
      await page.getByRole('button', { name: '加入购物车' }).click()
      await page.getByRole('button', { name: '购物车，1 件' }).click()
      await page.getByRole('link', { name: '去结算' }).click()
      await page.getByRole('radio', { name: '正常' }).check()
      await page.getByRole('button', { name: '下单并支付 € 79.00' }).click()

      const orderId = await arriveAtOrder(page)
      await sees(page, '交易完成，只扣款一次。')
      expect(await page.getByRole('list', { name: '订单进度' }).getByRole('listitem').count()).toBe(6)
      expect(await page.evaluate('document.documentElement.lang')).toBe('zh')
      expect(await chargesOf(orderId)).toMatchObject([{ state: 'CAPTURED', amount_minor: 7_900 }])
      expect(complaints()).toEqual([])
    }, CHINESE),
  )

  it(
    'reads the overview of the console in Chinese',
    asPerson(async (person) => {
      await becomeOperator(person)
      await person.page.goto('/console')
      await sees(person.page, /个实例响应正常|无响应|没有可用实例/)
      await person.page.getByRole('region', { name: '服务（问题最多的在前）' }).getByRole('table').waitFor()
      await person.page.getByRole('link', { name: '死信' }).click()
      await sees(person.page, /事件/)
      expect(person.complaints()).toEqual([])
    }, CHINESE),
  )

  it(
    'chooses Chinese in an English browser, keeps it over a reload, and goes back',
    asPerson(async ({ page, complaints }) => {
      await page.goto('/shop/p/desk-lamp')
      await sees(page, 'Desk Lamp')
      await page.getByRole('button', { name: '中文' }).click()
      await sees(page, '台灯')

      await page.reload()
      await sees(page, '台灯')
      await page.getByRole('button', { name: 'English' }).click()
      await sees(page, 'Desk Lamp')
      expect(await page.evaluate('document.documentElement.lang')).toBe('en')
      expect(complaints()).toEqual([])
    }),
  )

  it(
    'keeps its language where the other cannot be loaded',
    asPerson(async ({ page }) => {
      await page.route(/\/assets\/zh-/, (route) => route.abort())
      await page.goto('/shop/p/desk-lamp')
      await page.getByRole('button', { name: '中文' }).click()
      await page.getByText('The shop does not answer.').waitFor()
      await sees(page, 'Desk Lamp')

      await page.unroute(/\/assets\/zh-/)
      await page.getByRole('button', { name: 'Load it again' }).click()
      await page.getByRole('button', { name: '中文' }).click()
      await sees(page, '台灯')
    }),
  )
}
