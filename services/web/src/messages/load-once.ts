/** Loads each language once; one that could not be loaded is tried again. */
export function loadOnce<Language extends string, Texts>(
  load: Record<Language, () => Promise<Texts>>,
): (language: Language) => Promise<Texts> {
  const loaded = new Map<Language, Promise<Texts>>()
  return (language) => {
    const known = loaded.get(language)
    if (known !== undefined) return known
    const texts = readable(load[language]())
    loaded.set(language, texts)
    texts.catch(() => loaded.delete(language))
    return texts
  }
}

/**
 * Lets React read at once what has been loaded: it suspends for a promise that it does not know, and shows what it had
 * hidden 300 ms later.
 */
export function readable<T>(loading: Promise<T>): Promise<T> {
  loading.then(
    (value) => void Object.assign(loading, { status: 'fulfilled', value }),
    (reason: unknown) => void Object.assign(loading, { status: 'rejected', reason }),
  )
  return loading
}
