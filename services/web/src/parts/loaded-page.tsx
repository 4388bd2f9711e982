import { type ComponentType, use } from 'react'
import { readable } from '../messages/load-once.ts'

export interface LoadedPage {
  (): React.ReactNode
  /** Loads its file, once. A page that has been loaded is shown at once. */
  load: () => Promise<ComponentType>
}

/** A page with a file of its own, which is loaded when it is first shown, or before by `load`. */
export function loadedPage(load: () => Promise<ComponentType>): LoadedPage {
  let loading: Promise<ComponentType> | undefined
  const once = () => (loading ??= readable(load()))
  function Page() {
    const Loaded = use(once())
    return <Loaded />
  }
  return Object.assign(Page, { load: once })
}
