import { createContext, type ReactNode, startTransition, use, useContext, useState } from 'react'
import { writeFiguresIn } from '../format.ts'
import { preferredLanguage, rememberLanguage } from '../language.ts'
import type { ConsoleMessages } from './en-console.ts'
import type { PatternMessages } from './en-patterns.ts'
import type { Messages } from './en.ts'
import { consoleMessagesOf, type Language, messagesOf, patternMessagesOf } from './languages.ts'

interface Choice {
  language: Language
  /** Fails where the language cannot be loaded; the page stays as it is then. */
  choose: (language: Language) => Promise<void>
}

const Current = createContext<Choice>({ language: 'en', choose: () => Promise.resolve() })

/** The language of all pages. What shows texts waits for them: it needs a Suspense around it. */
export function MessagesProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(begin)
  const choose = async (next: Language) => {
    await messagesOf(next)
    if (location.pathname.startsWith('/console')) await consoleMessagesOf(next)
    if (location.pathname.startsWith('/lab/patterns')) await patternMessagesOf(next)
    rememberLanguage(next)
    speak(next)
    // What is shown stays until the rest of the language is there, too.
    startTransition(() => setLanguage(next))
  }
  return <Current value={{ language, choose }}>{children}</Current>
}

function begin(): Language {
  const language = preferredLanguage()
  speak(language)
  return language
}

function speak(language: Language): void {
  document.documentElement.lang = language
  writeFiguresIn(language)
}

export const useLanguage = (): Choice => useContext(Current)

export function useMessages(): Messages {
  return use(messagesOf(useLanguage().language))
}

/** The texts of the console's pages, beside those of all pages. */
export function useConsoleMessages(): Messages & { console: ConsoleMessages } {
  const { language } = useLanguage()
  return { ...use(messagesOf(language)), console: use(consoleMessagesOf(language)) }
}

/** The texts of the page on patterns, beside those of all pages. */
export function usePatternMessages(): Messages & PatternMessages {
  const { language } = useLanguage()
  return { ...use(messagesOf(language)), ...use(patternMessagesOf(language)) }
}
