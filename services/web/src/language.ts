import { type Language, LANGUAGES } from './messages/languages.ts'

const KEY = 'language'

const isLanguage = (text: string | null | undefined): text is Language =>
  LANGUAGES.some((language) => language === text)

/** What was chosen here, otherwise the first of the browser's languages (`zh-CN`, `en`) that there is, otherwise English. */
export function languageOf(chosen: string | null, accepted: readonly string[]): Language {
  return [chosen, ...accepted.map((tag) => tag.split('-')[0]?.toLowerCase())].find(isLanguage) ?? 'en'
}

export const preferredLanguage = (): Language => languageOf(remembered(), navigator.languages)

function remembered(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    // Storage is off: the browser's language it is.
    return null
  }
}

export function rememberLanguage(language: Language): void {
  try {
    localStorage.setItem(KEY, language)
  } catch {
    // Storage is off: chosen for this page only.
  }
}
