import type { Pattern } from '@lepton/contracts/patterns'
import type { Recording } from '@lepton/contracts/recordings'
import { Link } from 'react-router'
import { clock, duration } from '../../format.ts'
import { usePatternMessages } from '../../messages/messages.tsx'
import { Button } from '../../parts/button.tsx'
import { Trouble } from '../../parts/panel.tsx'
import { State } from '../../parts/state.tsx'
import { useNow } from '../../parts/use-now.ts'
import { type Experiment, useExperiments, useRun } from './experiments.ts'
import style from './patterns.module.css'

/** What took longer when it was recorded is run in a terminal: a page is not watched that long. */
const LIVE_MS = 240_000

/** Runs the pair here and now, on shops of its own; where that is not possible, what to type instead. */
export function LiveRun({
  recording,
  onShow,
}: {
  recording: Recording
  onShow: (experiment: string) => void
}) {
  const { patterns: texts, lab } = usePatternMessages()
  const { isLocal, mayRun, latest, error } = useExperiments()
  const { start, stop } = useRun()
  const { pattern, took_ms } = recording
  const isRunning = latest?.ended_at === null || start.isPending
  const isLong = took_ms > LIVE_MS
  const trouble = start.error ?? stop.error ?? error
  return (
    <section className={style['live']} aria-labelledby="live">
      <h2 id="live">{texts.live.title}</h2>
      <p className={style['note']}>{texts.live.what(duration(took_ms))}</p>
      <div className={style['row']}>
        <Button disabled={isRunning || !isLocal || !mayRun || isLong} onClick={() => start.mutate(pattern)}>
          {texts.live.run}
        </Button>
        {latest?.state === 'running' && (
          <Button look="quiet" disabled={stop.isPending} onClick={() => stop.mutate(latest.id)}>
            {texts.live.stop}
          </Button>
        )}
      </div>
      {(!isLocal || isLong) && (
        <Command pattern={pattern} why={isLong ? texts.live.long : texts.live.notHere} />
      )}
      {isLocal && !mayRun && (
        <p className={style['note']}>
          <Link to="/console">{lab.signIn}</Link>
        </p>
      )}
      {trouble && <Trouble error={trouble} />}
      {latest !== undefined && <Latest experiment={latest} onShow={onShow} />}
    </section>
  )
}

function Command({ pattern, why }: { pattern: Pattern; why: string }) {
  return (
    <p className={style['note']}>
      {why} <code>corepack pnpm chaos --mutants --only {pattern}</code>
    </p>
  )
}

/** How far it is, in words; when it is done, its verdict is the page. */
function Latest({ experiment, onShow }: { experiment: Experiment; onShow: (id: string) => void }) {
  const { patterns: texts } = usePatternMessages()
  const now = useNow()
  const { id, pattern, state, started_at, ended_at, progress, problem } = experiment
  const name = texts.of[pattern].name
  const took = (ended_at === null ? now : Date.parse(ended_at)) - Date.parse(started_at)
  const isEnding = state !== 'running' && ended_at === null
  return (
    <div className={style['latest']}>
      <State kind={KINDS[state]}>{isEnding ? texts.live.ending : texts.live.states[state](name)}</State>
      <span>
        {state === 'running' && progress !== null
          ? texts.live.progress(progress.lane, name, texts.live.phases[progress.phase], progress.accepted)
          : problem}
      </span>
      <span className={style['note']}>{clock(took)}</span>
      {state === 'done' && (
        <Button look="quiet" size="small" onClick={() => onShow(id)}>
          {texts.live.show}
        </Button>
      )}
    </div>
  )
}

const KINDS = { running: 'move', done: 'ok', stopped: 'none', failed: 'bad' } as const
