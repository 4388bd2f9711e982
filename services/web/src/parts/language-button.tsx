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
  // Browsers do not ask again for a file of scripts that failed, until the page is loaded again.
  const refuse = () =>
    toast({ text: trouble.noAnswer, action: { label: trouble.reload, run: () => location.reload() } })
  return (
    <button
      type="button"
      lang={other}
      className={`${style['icon']} ${style['language']}`}
      onClick={() => void choose(other).catch(refuse)}
    >
      {NAMES[other]}
    </button>
  )
}
