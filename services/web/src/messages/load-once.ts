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
    texts.catch(() => loaded.delete(language))
    return texts
  }
}
