import { afterEach, expect, it } from '@jest/globals'
import { age, duration, exactTime, money, writeFiguresIn } from './format.ts'

const all = () => [money(123_450), duration(61), duration(1_900), age(6_000), duration(7_200_000)]

afterEach(() => writeFiguresIn('en'))

it('writes figures in English', () => {
  expect(all()).toEqual(['€ 1,234.50', '61 ms', '1.9 s', '6 s', '2 h'])
  expect(exactTime('2026-01-02T12:00:00Z')).toMatch(/2 Jan 2026/)
})

it('writes figures in Chinese once that was chosen', () => {
  writeFiguresIn('zh')
  expect(all()).toEqual(['€ 1,234.50', '61 毫秒', '1.9 秒', '6 秒', '2 小时'])
  expect(exactTime('2026-01-02T12:00:00Z')).toMatch(/2026年1月2日/)
})
