import type { ShopError } from '@lepton/client'
import { useCallback, useEffect, useRef, useState } from 'react'
import { Link } from 'react-router'
import type { Order } from '../api.ts'
import { LivePlate } from '../live/live-plate.tsx'
import { usePulse } from '../live/pulse.ts'
import { silentIn } from '../live/pulse-words.ts'
import { useMessages } from '../messages/messages.tsx'
import { Button } from '../parts/button.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Trouble } from '../parts/panel.tsx'
import { useSession, useSignIn } from '../parts/session.ts'
import type { Points } from '../plate/points.ts'
import { CROWD } from './crowd.ts'
import { type Report, runExperiment } from './experiment.ts'
import { createGold } from './gold.ts'
import { LabNav } from './lab-nav.tsx'
import style from './lab.module.css'
import { Figures, Verdict } from './verdict.tsx'
import { targetsOf, type Victim, VICTIMS } from './victims.ts'

/** Kill something while buying: the running shop, with all of its patterns. */
export function Lab() {
  const { lab: texts } = useMessages()
  const [victim, setVictim] = useState<Victim>('order')
  const { pulse, isLive } = usePulse()
  const { report, error, start, onPoints } = useExperiment()
  const isRunning = report !== undefined && report.phase !== 'done'
  const targets = pulse === undefined ? [] : targetsOf(victim, pulse.services)
  return (
    <>
      <LabNav />
      <PageTitle title={texts.title}>{texts.title}</PageTitle>
      <p className={style['lead']}>{texts.lead(CROWD.guests, CROWD.ordersPerS)}</p>
      <div className={style['controls']}>
        <fieldset className={style['victims']} disabled={isRunning}>
          <legend>{texts.victim}</legend>
          <div className={style['chips']}>
            {VICTIMS.map((name) => (
              <label key={name} className={style['chip']}>
                <input
                  type="radio"
                  name="victim"
                  checked={victim === name}
                  onChange={() => setVictim(name)}
                />
                {texts.victims[name]}
              </label>
            ))}
          </div>
        </fieldset>
        <Start
          label={texts.start(texts.victims[victim])}
          victim={victim}
          isPossible={isLive && targets.length > 0}
          isRunning={isRunning}
          onStart={() => void start(targets)}
        />
      </div>
      {error && <Trouble error={error} />}
      <div className={style['stage']}>
        <LivePlate
          className={style['plate'] ?? ''}
          label={() => texts.plate}
          ended={report?.struck ?? []}
          onPoints={onPoints}
          caption={(now, live) => (
            <>
              <span>{texts.legend}</span>
              <span>
                {now !== undefined && live && silentIn(now.services).length > 0
                  ? texts.silent(silentIn(now.services).join(', '))
                  : ''}
              </span>
            </>
          )}
        />
        <Figures report={report} />
      </div>
      <Verdict report={report} victim={texts.victims[victim]} />
    </>
  )
}

/** The one button, or why it cannot be pressed here and what to type instead. */
function Start({
  label,
  victim,
  isPossible,
  isRunning,
  onStart,
}: {
  label: string
  victim: Victim
  isPossible: boolean
  isRunning: boolean
  onStart: () => void
}) {
  const { lab: texts } = useMessages()
  const { data: session } = useSession()
  const mayKill = session !== undefined && (session.operator !== null || session.demo_operator)
  const isLocal = session === undefined || session.runtime === 'local'
  return (
    <div className={style['start']}>
      <Button disabled={!isPossible || isRunning || !mayKill || !isLocal} onClick={onStart}>
        {isRunning ? texts.running : label}
      </Button>
      {!isLocal && (
        <p className={style['hint']}>
          {texts.notHere}{' '}
          <code>
            docker compose kill {victim} && docker compose start {victim}
          </code>
        </p>
      )}
      {isLocal && session !== undefined && !mayKill && (
        <p className={style['hint']}>
          <Link to="/console">{texts.signIn}</Link>
        </p>
      )}
    </div>
  )
}

function useExperiment() {
  const [report, setReport] = useState<Report>()
  const [error, setError] = useState<ShopError>()
  const { data: session } = useSession()
  const signIn = useSignIn()
  const leaving = useRef<AbortController>(undefined)
  const points = useRef<Points>(undefined)
  useEffect(() => () => leaving.current?.abort(), [])
  const onPoints = useCallback((made: Points) => {
    points.current = made
  }, [])

  async function start(targets: ReturnType<typeof targetsOf>): Promise<void> {
    setError(undefined)
    try {
      if (!session?.operator) await signIn.mutateAsync(undefined)
    } catch (reason) {
      return setError(reason as ShopError)
    }
    const run = new AbortController()
    leaving.current = run
    const gold = createGold()
    const onMine = ({ status }: Order) => points.current && gold(points.current, status)
    await runExperiment(targets, { onReport: setReport, onMine, signal: run.signal })
  }
  return { report, error, start, onPoints }
}
