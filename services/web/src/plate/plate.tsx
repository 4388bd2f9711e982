import { type ReactNode, useEffect, useRef } from 'react'
import type { Instances } from '../live/pulse-words.ts'
import { useMessages } from '../messages/messages.tsx'
import { EDGES, pathOf, type Place, PLACES } from './places.ts'
import style from './plate.module.css'
import { createPoints, type Points } from './points.ts'

const VIEW = { x: 20, y: 40, width: 760, height: 450 }

/**
 * The shop as a bubble chamber: the services at their places and, while orders move, a point for each. What it shows is also said
 * in words beside it.
 */
export function Plate({
  label,
  instances,
  caption,
  className,
  onPoints,
}: {
  label: string
  instances?: Instances
  caption?: ReactNode
  className?: string
  /** Gets what draws the points, for the part that knows of orders. */
  onPoints?: (points: Points) => (() => void) | undefined
}) {
  const { services } = useMessages()
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    if (onPoints === undefined || canvas.current === null) return
    const points = createPoints(canvas.current, VIEW)
    const leave = onPoints(points)
    return () => {
      leave?.()
      points.stop()
    }
  }, [onPoints])
  return (
    <div className={`${style['plate']} ${className ?? ''}`}>
      <svg viewBox={`${VIEW.x} ${VIEW.y} ${VIEW.width} ${VIEW.height}`} role="img" aria-label={label}>
        {EDGES.map((edge) => (
          <path key={`${edge.from} ${edge.to}`} d={pathOf(edge)} className={style['edge']} />
        ))}
        {(Object.keys(PLACES) as Place[]).map((place) => (
          <Ring key={place} place={place} name={services[place]} instances={instances?.[place]} />
        ))}
      </svg>
      <canvas ref={canvas} aria-hidden="true" />
      {caption !== undefined && <div className={style['caption']}>{caption}</div>}
    </div>
  )
}

const GAP = 17

function Ring({
  place,
  name,
  instances = [],
}: {
  place: Place
  name: string
  instances: readonly ('alive' | 'gone')[] | undefined
}) {
  const { x, y } = PLACES[place]
  const isHurt = instances.length > 0 && !instances.includes('alive')
  return (
    <g>
      <circle cx={x} cy={y} r={30} className={`${style['ring']} ${isHurt ? style['hurt'] : ''}`} />
      {instances.slice(0, 3).map((state, index, shown) => (
        <circle
          key={index}
          cx={x + (index - (shown.length - 1) / 2) * GAP}
          cy={y}
          r={5}
          className={style[state]}
        />
      ))}
      <text x={x} y={y + 54} className={style['name']}>
        {name}
      </text>
    </g>
  )
}
