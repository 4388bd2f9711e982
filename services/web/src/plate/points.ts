import type { Edge } from './places.ts'

interface Moving {
  edge: Edge
  startedAt: number
  lastsMs: number
  color: string
}

export interface Points {
  /** Sends a point along an edge. */
  send: (edge: Edge, options?: { lastsMs?: number; color?: 'gold' }) => void
  stop: () => void
}

const COLORS = { pale: '#bfe3ff', gold: '#f5d58c' }
const LASTS_MS = 700
/** Beyond it, points are left out: more than these cannot be told apart. */
const MAX_POINTS = 300
const TRAIL = 0.14

/**
 * Draws points and their trails. It runs only while something moves, and not at all in a hidden page or where less motion is
 * wished for.
 */
export function createPoints(
  canvas: HTMLCanvasElement,
  view: { x: number; y: number; width: number; height: number },
): Points {
  const context = canvas.getContext('2d')
  const isStill = matchMedia('(prefers-reduced-motion: reduce)')
  let moving: Moving[] = []
  let frame: number | undefined
  let fadeUntil = 0

  function draw(now: number): void {
    if (context === null) return
    const { clientWidth, clientHeight } = canvas
    const density = devicePixelRatio
    if (canvas.width !== Math.round(clientWidth * density)) canvas.width = Math.round(clientWidth * density)
    if (canvas.height !== Math.round(clientHeight * density))
      canvas.height = Math.round(clientHeight * density)
    const scale = Math.min(canvas.width / view.width, canvas.height / view.height)
    const left = (canvas.width - view.width * scale) / 2
    const top = (canvas.height - view.height * scale) / 2

    // What was drawn before fades: a trail.
    context.globalCompositeOperation = 'destination-out'
    context.fillStyle = `rgba(0,0,0,${TRAIL})`
    context.fillRect(0, 0, canvas.width, canvas.height)
    context.globalCompositeOperation = 'source-over'
    moving = moving.filter(({ startedAt, lastsMs }) => now < startedAt + lastsMs)
    for (const { edge, startedAt, lastsMs, color } of moving) {
      const along = Math.max(0, (now - startedAt) / lastsMs)
      const point = edge.points[Math.min(edge.points.length - 1, Math.floor(along * edge.points.length))]!
      context.fillStyle = color
      context.shadowColor = color
      context.shadowBlur = 8
      context.beginPath()
      context.arc((point.x - view.x) * scale + left, (point.y - view.y) * scale + top, 2.6 * scale, 0, 7)
      context.fill()
    }
    if (moving.length > 0) fadeUntil = now + 1_200
    if (now < fadeUntil && !document.hidden) frame = requestAnimationFrame(draw)
    else {
      context.clearRect(0, 0, canvas.width, canvas.height)
      frame = undefined
    }
  }

  return {
    send: (edge, { lastsMs = LASTS_MS, color } = {}) => {
      if (isStill.matches || document.hidden || moving.length >= MAX_POINTS) return
      moving.push({ edge, startedAt: performance.now(), lastsMs, color: COLORS[color ?? 'pale'] })
      frame ??= requestAnimationFrame(draw)
    },
    stop: () => {
      if (frame !== undefined) cancelAnimationFrame(frame)
      moving = []
    },
  }
}
