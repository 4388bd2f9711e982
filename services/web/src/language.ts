import { type Language, LANGUAGES } from './messages/languages.ts'
import { remember, remembered } from './remember.ts'

const KEY = 'language'

const isLanguage = (text: string | null | undefined): text is Language =>
  LANGUAGES.some((language) => language === text)

/** What was chosen here, otherwise the first of the browser's languages (`zh-CN`, `en`) that there is, otherwise English. */
export function languageOf(chosen: string | null, accepted: readonly string[]): Language {
  return [chosen, ...accepted.map((tag) => tag.split('-')[0]?.toLowerCase())].find(isLanguage) ?? 'en'
}

export const preferredLanguage = (): Language => languageOf(remembered(KEY), navigator.languages)

export const rememberLanguage = (language: Language): void => remember(KEY, language)
