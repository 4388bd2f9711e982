import { type ReactNode, useEffect, useRef } from 'react'
import { NavigationType, useNavigationType } from 'react-router'

/** The heading of a page: it names the document, and has the focus after a navigation, where a reader begins. */
export function PageTitle({
  children,
  title,
  className,
}: {
  children: ReactNode
  title: string
  className?: string
}) {
  const heading = useRef<HTMLHeadingElement>(null)
  const how = useNavigationType()
  const isFirst = useRef(document.title === 'Lepton')
  useEffect(() => {
    document.title = `${title} · Lepton`
  }, [title])
  useEffect(() => {
    if (isFirst.current || isFieldFocused()) return
    heading.current?.focus({ preventScroll: true })
    if (how === NavigationType.Push) window.scrollTo(0, 0)
    // Once for each page that is shown.
  }, [how])
  return (
    <h1 ref={heading} tabIndex={-1} className={className}>
      {children}
    </h1>
  )
}

/** A page that begins with a search has put the focus there. */
const isFieldFocused = () => document.activeElement instanceof HTMLInputElement
