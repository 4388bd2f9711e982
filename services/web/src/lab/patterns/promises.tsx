import type { Recording } from '@lepton/contracts/recordings'
import { PROMISE_IDS } from '@lepton/contracts/promise-names'
import { Table } from '../../console/table.tsx'
import { usePatternMessages } from '../../messages/messages.tsx'
import { State } from '../../parts/state.tsx'
import style from './patterns.module.css'
import { isKept } from './replay.ts'

/** Every promise, in both shops, and what contradicts those that are broken. */
export function Promises({ recording }: { recording: Recording }) {
  const { patterns: texts, promises } = usePatternMessages()
  const broken = recording.without.broken
  return (
    <>
      <Table
        columns={[
          { label: texts.columns.promise },
          { label: texts.columns.with },
          { label: texts.columns.without },
        ]}
        rows={PROMISE_IDS.map((id) => ({
          key: id,
          cells: [
            <span key="name" className={style['promise']}>
              <b>{id}</b> {promises[id]}
              {recording.foretold.includes(id) && ` (${texts.foretold})`}
            </span>,
            ...[recording.with, recording.without].map((lane, index) => {
              const verdict = isKept(lane, id) ? 'kept' : 'broken'
              return (
                <State key={index} kind={verdict === 'kept' ? 'ok' : 'bad'}>
                  {texts.verdicts[verdict]}
                </State>
              )
            }),
          ],
        }))}
      />
      {broken.length > 0 && (
        <>
          <h3>{texts.seen}</h3>
          <ul className={style['seen']}>
            {broken.map(({ id, violations, sample }) => (
              <li key={id}>
                {texts.times(id, violations)}{' '}
                <span lang="en">
                  {sample.map(({ what, order_id }) => [order_id, what].filter(Boolean).join(' ')).join('; ')}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  )
}

/** The lines that are the pattern: what its mutant takes away, and what it puts there. */
export function Edits({ edits }: { edits: Recording['edits'] }) {
  const { patterns: texts } = usePatternMessages()
  const lines = (sign: string, text: string) =>
    text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => `${sign} ${line.trim()}\n`)
      .join('')
  return (
    <pre className={style['edits']} tabIndex={0} role="region" aria-label={texts.edits} lang="en">
      {edits.map(({ file, find, replace }, index) => (
        <code key={index}>
          {edits[index - 1]?.file !== file && <b>{`${file}\n`}</b>}
          <del>{lines('-', find)}</del>
          <ins>{lines('+', replace)}</ins>
        </code>
      ))}
    </pre>
  )
}
