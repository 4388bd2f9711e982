import { describe, expect, it } from '@jest/globals'
import { languageOf } from '../language.ts'
import { consoleMessagesOf, messagesOf, patternMessagesOf } from './languages.ts'
import { loadOnce } from './load-once.ts'

const HAN = /\p{Script=Han}/u
/** Western punctuation after a Chinese character, or a comma before one. */
const WESTERN = /\p{Script=Han}[,:;?!()]|[,;?!]\p{Script=Han}/u
/** Names, symbols, and what is only put together from what it is given. */
const NO_WORDS = [
  'nav.api',
  'trouble.title',
  'lab.victims.kafka',
  'lab.victims.postgres',
  'shelf.name',
  'shelf.description',
  'shelf.category',
  'shelf.find',
  'order.after',
  'console.of',
  'console.judgement.between',
  'console.overview.columns.p99',
  'console.instances.columns.p99',
  'console.instances.columns.cpu',
  'console.acts.seen',
  'console.alarms.limit',
  'console.alarms.name',
  'console.calls.changed',
  'console.calls.columns.p50',
  'console.calls.columns.p99',
  'console.queues.columns.servers',
  'console.queues.columns.utilisation',
  'console.queues.columns.wait',
]

/** Every text by its path; one with figures in it as it is for the figure 2. */
function textsOf(message: unknown, path: string): [path: string, text: string][] {
  if (typeof message === 'function')
    return [[path, String((message as (...of: number[]) => unknown)(2, 2, 2, 2))]]
  if (typeof message !== 'object' || message === null) return [[path, String(message)]]
  return Object.entries(message).flatMap(([key, inner]) =>
    textsOf(inner, path === '' ? key : `${path}.${key}`),
  )
}

const all = async (language: 'en' | 'zh') =>
  textsOf(
    {
      ...(await messagesOf(language)),
      ...(await patternMessagesOf(language)),
      console: await consoleMessagesOf(language),
    },
    '',
  )

describe('the messages', () => {
  it('are Chinese, every one that has words', async () => {
    const without = (await all('zh')).filter(([, text]) => !HAN.test(text)).map(([path]) => path)
    expect(without.sort()).toEqual(NO_WORDS.toSorted())
  })

  it('are English without a Chinese character, for the same places', async () => {
    const english = await all('en')
    expect(english.filter(([, text]) => HAN.test(text))).toEqual([])
    expect((await all('zh')).map(([path]) => path).sort()).toEqual(english.map(([path]) => path).sort())
  })

  it('have Chinese punctuation', async () => {
    expect((await all('zh')).filter(([, text]) => WESTERN.test(text))).toEqual([])
  })

  it('keep the words of the API where they have none', async () => {
    const { shelf, trouble } = await messagesOf('zh')
    expect(shelf.name('zeppelin', 'Zeppelin')).toBe('Zeppelin')
    expect([shelf.find('台灯'), shelf.find('飞艇'), shelf.find('lamp')]).toEqual([
      ['desk-lamp'],
      [],
      undefined,
    ])
    expect(trouble.title('toString', 'A new problem')).toBe('A new problem')
    expect(trouble.title('cart-empty', 'The cart is empty')).toBe('购物车是空的')
  })
})

describe('the language', () => {
  it.each([
    ['zh', ['en-GB'], 'zh'],
    [null, ['de', 'zh-Hans-CN', 'en'], 'zh'],
    [null, ['EN-us', 'zh'], 'en'],
    ['klingon', [], 'en'],
  ])('is, with %s chosen and a browser that asks for %j, %s', (chosen, accepted, language) => {
    expect(languageOf(chosen, accepted)).toBe(language)
  })

  it('is loaded once, and again only where that failed', async () => {
    let tries = 0
    const textsOfOne = loadOnce({
      en: () => (++tries === 1 ? Promise.reject(new Error('gone')) : Promise.resolve('texts')),
    })
    await expect(textsOfOne('en')).rejects.toThrow('gone')
    expect([await textsOfOne('en'), await textsOfOne('en')]).toEqual(['texts', 'texts'])
    expect(tries).toBe(2)
  })
})
