import { createContext, type ReactNode, useContext } from 'react'
import { en, type Messages } from './en.ts'

const Current = createContext<Messages>(en)

/** The texts of all pages, in the language that was chosen. */
export function MessagesProvider({ children }: { children: ReactNode }) {
  return <Current value={en}>{children}</Current>
}

export function useMessages(): Messages {
  return useContext(Current)
}
