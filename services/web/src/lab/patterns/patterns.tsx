import { type Pattern, PATTERNS } from '@lepton/contracts/patterns'
import type { Recording } from '@lepton/contracts/recordings'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { shop } from '../../api.ts'
import { exactTime } from '../../format.ts'
import { usePatternMessages } from '../../messages/messages.tsx'
import { Button } from '../../parts/button.tsx'
import { PageTitle } from '../../parts/page.tsx'
import { Bone, Trouble } from '../../parts/panel.tsx'
import lab from '../lab.module.css'
import { LabNav } from '../lab-nav.tsx'
import { LaneView } from './lane-view.tsx'
import { LiveRun } from './live-run.tsx'
import style from './patterns.module.css'
import { Edits, Promises } from './promises.tsx'
import { loadRecording } from './recorded.ts'
import { useReplay } from './use-replay.ts'

const SPEEDS = [1, 4, 8, 16]
const FIRST: Pattern = 'outbox'
const isPattern = (name: string | null): name is Pattern => PATTERNS.some((pattern) => pattern === name)

/** The same attack on a shop with a pattern and on one without it: recorded, or run here. */
export function Patterns() {
  const { patterns: texts } = usePatternMessages()
  const [query, setQuery] = useSearchParams()
  const asked = query.get('without')
  const pattern = isPattern(asked) ? asked : FIRST
  const experiment = query.get('run')
  const { data, error, refetch } = useQuery<Recording>({
    queryKey: ['recording', experiment ?? pattern],
    queryFn: ({ signal }) =>
      experiment === null
        ? loadRecording(pattern, signal)
        : shop.ask('GET', '/ops/experiments/:experiment/recording', { params: { experiment }, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })
  return (
    <>
      <LabNav />
      <PageTitle title={texts.title}>{texts.title}</PageTitle>
      <p className={lab['lead']}>{texts.lead}</p>
      <label className={`${style['choice']} ${style['pattern']}`}>
        {texts.leaveOut}{' '}
        <select
          value={data?.pattern ?? pattern}
          onChange={({ target }) => setQuery({ without: target.value })}
        >
          {PATTERNS.map((name) => (
            <option key={name} value={name}>
              {texts.of[name].name}
            </option>
          ))}
        </select>
      </label>
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <Bone height={560} />}
      {data !== undefined && (
        <Pair
          key={experiment ?? data.pattern}
          recording={data}
          isOwn={experiment !== null}
          onShow={(run) => setQuery({ run })}
        />
      )}
    </>
  )
}

function Pair({
  recording,
  isOwn,
  onShow,
}: {
  recording: Recording
  /** It was run here. */
  isOwn: boolean
  onShow: (experiment: string) => void
}) {
  const { patterns: texts } = usePatternMessages()
  const { pattern, foretold, seed, recorded_at, commit } = recording
  const { name, without } = texts.of[pattern]
  const [speed, setSpeed] = useState(4)
  const replay = useReplay(Math.max(recording.with.lasts_ms, recording.without.lasts_ms))
  return (
    <>
      <h2 className={style['sentence']}>{without}</h2>
      <p className={style['note']}>{texts.expected(foretold.join(texts.or))}</p>
      <div className={style['row']}>
        <Button onClick={() => (replay.isPlaying ? replay.stop() : replay.play(speed))}>
          {replay.isPlaying ? texts.end : texts.replay}
        </Button>
        <label className={style['choice']}>
          {texts.speed}{' '}
          <select
            value={speed}
            disabled={replay.isPlaying}
            onChange={({ target }) => setSpeed(Number(target.value))}
          >
            {SPEEDS.map((one) => (
              <option key={one} value={one}>
                {one}×
              </option>
            ))}
          </select>
        </label>
        <span className={style['note']} role="timer">
          {texts.at((replay.at / 1_000).toFixed(1))}
        </span>
      </div>
      <div className={style['lanes']}>
        <LaneView lane={recording.with} name={texts.with(name)} at={replay.at} speed={speed} />
        <LaneView lane={recording.without} name={texts.without(name)} at={replay.at} speed={speed} />
      </div>
      <p className={style['note']}>
        {texts.legend} {(isOwn ? texts.ranHere : texts.recorded)(exactTime(recorded_at), commit, seed)}
      </p>
      <section className={style['part']} aria-labelledby="promises">
        <h2 id="promises">{texts.promised}</h2>
        <Promises recording={recording} />
      </section>
      <section className={style['part']} aria-labelledby="edits">
        <h2 id="edits">{texts.edits}</h2>
        <Edits edits={recording.edits} />
      </section>
      <LiveRun recording={recording} onShow={onShow} />
    </>
  )
}
