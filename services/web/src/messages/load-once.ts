/** Loads each language once; one that could not be loaded is tried again. */
export function loadOnce<Language extends string, Texts>(
  load: Record<Language, () => Promise<Texts>>,
): (language: Language) => Promise<Texts> {
  const loaded = new Map<Language, Promise<Texts>>()
  return (language) => {
    const known = loaded.get(language)
    if (known !== undefined) return known
    const texts = load[language]()
    loaded.set(language, texts)
    texts.then(
      // What is there is read at once: React suspends for a promise that it does not know, and shows what it had hidden 300 ms later.
      (value) => Object.assign(texts, { status: 'fulfilled', value }),
      () => loaded.delete(language),
    )
    return texts
  }
}
