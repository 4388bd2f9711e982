/** The geometry of timeline.module.css, in px. */
const LEFT = 88
const COLUMN = 118
const LANE = 76
const WIDTH = 100
const WAVE = { height: 3, length: 18 }
const STEP = 2

interface Place {
  column: number
  lane: number
  kind: string
}

/** From an item's right edge to another's left: wavy through Kafka, straight to the bank. */
export function pathOf(from: Place, to: Place): string {
  const a = { x: LEFT + from.column * COLUMN + WIDTH, y: (from.lane + 0.5) * LANE }
  const b = { x: LEFT + to.column * COLUMN, y: (to.lane + 0.5) * LANE }
  if (to.kind === 'task') return `M${a.x} ${a.y}L${b.x} ${b.y}`
  const length = Math.hypot(b.x - a.x, b.y - a.y)
  const [nx, ny] = [-(b.y - a.y) / length, (b.x - a.x) / length]
  const steps = Math.max(1, Math.round(length / STEP))
  const points = Array.from({ length: steps + 1 }, (_, index) => {
    const along = index / steps
    const fade = Math.min(1, 4 * Math.sin(Math.PI * along))
    const aside = WAVE.height * fade * Math.sin((2 * Math.PI * along * length) / WAVE.length)
    return `${(a.x + (b.x - a.x) * along + nx * aside).toFixed(1)} ${(a.y + (b.y - a.y) * along + ny * aside).toFixed(1)}`
  })
  return `M${points.join('L')}`
}
