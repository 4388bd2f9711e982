import { type ComponentType, use } from 'react'
import { readable } from '../messages/load-once.ts'

/** Before each further try: a gateway that was killed is back by then. */
const WAITS_MS = [500, 1_000, 2_000, 4_000]

export interface LoadedPage {
  (): React.ReactNode
  /** Loads its file, once. A page that has been loaded is shown at once. */
  load: () => Promise<ComponentType>
}

/** A page with a file of its own, which is loaded when it is first shown, or before by `load`. */
export function loadedPage(load: () => Promise<ComponentType>): LoadedPage {
  let loading: Promise<ComponentType> | undefined
  const once = () => (loading ??= readable(untilLoaded(load)))
  function Page() {
    const Loaded = use(once())
    return <Loaded />
  }
  return Object.assign(Page, { load: once })
}

async function untilLoaded<T>(load: () => Promise<T>): Promise<T> {
  for (const waitMs of WAITS_MS) {
    try {
      return await load()
    } catch {
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }
  return load()
}
