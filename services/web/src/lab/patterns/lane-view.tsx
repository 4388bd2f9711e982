import type { Lane } from '@lepton/contracts/recordings'
import { useCallback, useEffect, useRef } from 'react'
import { usePatternMessages } from '../../messages/messages.tsx'
import { State } from '../../parts/state.tsx'
import { edgeBetween } from '../../plate/places.ts'
import { Plate } from '../../plate/plate.tsx'
import type { Points } from '../../plate/points.ts'
import lab from '../lab.module.css'
import style from './patterns.module.css'
import { momentAt, movesBetween } from './replay.ts'

/** A point is seen for so long (ms), however fast it went or is shown. */
const SHOWN_MS = [250, 1_500] as const

/** One of the two shops, as it was at an instant of its attack. */
export function LaneView({ lane, name, at, speed }: { lane: Lane; name: string; at: number; speed: number }) {
  const { patterns: texts } = usePatternMessages()
  const onPoints = useMoves(lane, at, speed)
  const moment = momentAt(lane, at)
  const isOver = at >= lane.lasts_ms
  const figures: [label: string, figure: number][] = [
    [texts.figures.accepted, moment.accepted],
    [texts.figures.ended, moment.ended],
    [texts.figures.faults, moment.faults],
  ]
  return (
    <section className={style['lane']} aria-label={name}>
      <h3>{name}</h3>
      <Plate
        className={style['plate'] ?? ''}
        label={texts.plate(name)}
        instances={moment.instances}
        onPoints={onPoints}
        caption={<span lang="en">{moment.titles.join(' · ')}</span>}
      />
      <dl className={`${lab['figures']} ${style['figures']}`}>
        {figures.map(([label, figure]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{figure}</dd>
          </div>
        ))}
      </dl>
      <p className={style['verdict']}>
        {!isOver ? (
          <State kind="move">{texts.attacked}</State>
        ) : lane.broken.length === 0 ? (
          <State kind="ok">{texts.allKept}</State>
        ) : (
          <State kind="bad">{texts.broken(lane.broken.map(({ id }) => id).join(', '))}</State>
        )}
      </p>
    </section>
  )
}

/** Sends the points of what moved since the last look; orders that a promise was broken for are gold. */
function useMoves(lane: Lane, at: number, speed: number) {
  const points = useRef<Points>(undefined)
  const last = useRef(at)
  useEffect(() => {
    const before = last.current
    last.current = at
    if (at <= before || points.current === undefined) return
    for (const [, order, from, to, ms] of movesBetween(lane, before, at)) {
      const edge = edgeBetween(from, to)
      const lastsMs = Math.min(SHOWN_MS[1], Math.max(SHOWN_MS[0], ms / speed))
      if (edge !== undefined)
        points.current.send(edge, { lastsMs, ...(order < lane.marked && { color: 'gold' as const }) })
    }
  }, [lane, at, speed])
  return useCallback((made: Points) => {
    points.current = made
    return () => {
      points.current = undefined
    }
  }, [])
}
