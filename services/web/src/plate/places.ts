/** Where the services are on the plate, always: a reader learns the places once. */
export const PLACES = {
  gateway: { x: 90, y: 262 },
  cart: { x: 262, y: 104 },
  order: { x: 400, y: 262 },
  inventory: { x: 596, y: 112 },
  payment: { x: 596, y: 412 },
  psp: { x: 708, y: 262 },
} as const

export type Place = keyof typeof PLACES
export const isPlace = (name: string): name is Place => name in PLACES

interface Point {
  x: number
  y: number
}

/** How one service speaks to another: a request is straight, an event goes through Kafka and is wavy. */
export interface Edge {
  from: Place
  to: Place
  kind: 'request' | 'event'
  points: readonly Point[]
}

const RADIUS = 30
const STEP = 3
const WAVE = { height: 4, length: 34 }
/** How far the way back bends away from the way there. */
const BEND = { there: -14, back: 34 }

export const EDGES: readonly Edge[] = [
  edge('gateway', 'cart', 'request'),
  edge('gateway', 'order', 'request'),
  edge('cart', 'order', 'event'),
  edge('order', 'inventory', 'event'),
  edge('order', 'payment', 'event'),
  edge('inventory', 'payment', 'event'),
  edge('payment', 'psp', 'request'),
  edge('inventory', 'order', 'event', BEND.back),
  edge('payment', 'order', 'event', BEND.back),
]

function edge(from: Place, to: Place, kind: Edge['kind'], bend = kind === 'event' ? BEND.there : 0): Edge {
  const [a, b] = [PLACES[from], PLACES[to]]
  const [dx, dy] = [b.x - a.x, b.y - a.y]
  const length = Math.hypot(dx, dy)
  const steps = Math.round((length - 2 * RADIUS) / STEP)
  const points = Array.from({ length: steps + 1 }, (_, index) => {
    const along = (RADIUS + (index / steps) * (length - 2 * RADIUS)) / length
    const arch = Math.sin(Math.PI * along)
    // The wave begins and ends flat, where it meets the rings.
    const wave = kind === 'event' ? WAVE.height * Math.sin((2 * Math.PI * along * length) / WAVE.length) : 0
    const aside = bend * arch + wave * Math.min(1, 3 * arch)
    return { x: a.x + dx * along - (dy / length) * aside, y: a.y + dy * along + (dx / length) * aside }
  })
  return { from, to, kind, points }
}

export function pathOf({ points }: Edge): string {
  return `M${points.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}`
}

/** The edge that goes from one place to another, if they speak at all. */
export function edgeBetween(from: string, to: string): Edge | undefined {
  return EDGES.find((edge) => edge.from === from && edge.to === to)
}
