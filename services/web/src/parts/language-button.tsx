import { LANGUAGES, NAMES } from '../messages/languages.ts'
import { useLanguage, useMessages } from '../messages/messages.tsx'
import style from './shop-layout.module.css'
import { useToast } from './toast.tsx'

/** Shows the pages in the other language; its name is written in that language. */
export function LanguageButton() {
  const { language, choose } = useLanguage()
  const { trouble } = useMessages()
  const toast = useToast()
  const other = LANGUAGES.find((one) => one !== language) ?? language
  return (
    <button
      type="button"
      lang={other}
      className={`${style['icon']} ${style['language']}`}
      onClick={() => void choose(other).catch(() => toast({ text: trouble.noAnswer }))}
    >
      {NAMES[other]}
    </button>
  )
}
