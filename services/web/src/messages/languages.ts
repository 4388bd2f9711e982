import type { ConsoleMessages } from './en-console.ts'
import type { PatternMessages } from './en-patterns.ts'
import type { Messages } from './en.ts'
import { loadOnce } from './load-once.ts'

export const LANGUAGES = ['en', 'zh'] as const
export type Language = (typeof LANGUAGES)[number]

/** Each language by its own name. */
export const NAMES: Record<Language, string> = { en: 'English', zh: '中文' }

/** The texts of the landing page, the shop and the lab: a file for each language. */
export const messagesOf = loadOnce<Language, Messages>({
  en: () => import('./en.ts').then(({ en }) => en),
  zh: () => import('./zh.ts').then(({ zh }) => zh),
})

/** The texts of the console, which a shopper never loads. */
export const consoleMessagesOf = loadOnce<Language, ConsoleMessages>({
  en: () => import('./en-console.ts').then(({ console }) => console),
  zh: () => import('./zh-console.ts').then(({ console }) => console),
})

/** The texts of the page on patterns. */
export const patternMessagesOf = loadOnce<Language, PatternMessages>({
  en: () => import('./en-patterns.ts').then(({ texts }) => texts),
  zh: () => import('./zh-patterns.ts').then(({ texts }) => texts),
})
