/** The products that have a drawing in pictures.svg, and the ground that it is drawn on. */
export const DRAWN: Readonly<Record<string, string>> = {
  'espresso-cups': 'Kitchen',
  'pour-over-kettle': 'Kitchen',
  'coffee-grinder': 'Kitchen',
  'cast-iron-pan': 'Kitchen',
  'chef-knife': 'Kitchen',
  'linen-apron': 'Kitchen',
  'desk-lamp': 'Home',
  'wool-blanket': 'Home',
  'oak-shelf': 'Home',
  'plant-pot': 'Home',
  'wall-clock': 'Home',
  'scented-candle': 'Home',
  daypack: 'Outdoor',
  'steel-bottle': 'Outdoor',
  'head-torch': 'Outdoor',
  'camping-stove': 'Outdoor',
  hammock: 'Outdoor',
  'picnic-blanket': 'Outdoor',
  'dotted-notebook': 'Desk',
  'fountain-pen': 'Desk',
  'mechanical-keyboard': 'Desk',
  'monitor-stand': 'Desk',
  'desk-mat': 'Desk',
  'last-edition-print': 'Desk',
}

/** Arcs through a plate, always the same for an id and different from another's. */
export function tracksOf(id: string): string[] {
  let seed = 2166136261
  for (const char of id) seed = Math.imul(seed ^ char.charCodeAt(0), 16777619) >>> 0
  const next = (from: number, to: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.round(from + (seed / 2 ** 32) * (to - from))
  }
  return Array.from({ length: 5 }, () => {
    const [bend, lean] = [next(-60, 60), next(-40, 40)]
    return `M${next(44, 156)} 40Q${100 + bend} ${100 + lean} ${next(44, 156)} 160`
  })
}
