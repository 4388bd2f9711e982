import type { ShopError } from '@lepton/client'
import type { Answer, RouteOf } from '@lepton/client/api'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from 'react-router'
import { shop } from '../api.ts'
import { age, shortId } from '../format.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { Button } from '../parts/button.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Trouble } from '../parts/panel.tsx'
import { State } from '../parts/state.tsx'
import { useNow } from '../parts/use-now.ts'
import { Age } from './age.tsx'
import style from './console.module.css'
import { Table } from './table.tsx'

type Letter = Answer<RouteOf<'GET', '/ops/dead-letters'>>['items'][number]
type Replayed = Answer<RouteOf<'POST', '/ops/dead-letters/replay'>>
const OPEN = new Set<Letter['status']>(['DEAD', 'BLOCKED', 'REFUSED'])

/** Records that could not be applied. A replay takes exactly those that were looked at: what has come since is left alone. */
export function DeadLetters() {
  const { console: texts } = useConsoleMessages()
  const words = texts.letters
  const { data, error, refetch, dataUpdatedAt } = useQuery({
    queryKey: ['ops', 'dead-letters'],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/dead-letters', { query: { limit: 100 }, signal }),
    refetchInterval: 3_000,
  })
  const letters = data?.items.filter(({ status }) => OPEN.has(status))
  const dead = letters?.filter(({ status }) => status === 'DEAD') ?? []
  const blocked = letters?.filter(({ status }) => status === 'BLOCKED') ?? []
  return (
    <>
      <PageTitle title={words.nav}>
        {letters === undefined ? words.nav : words.title(dead.length, blocked.length)}
      </PageTitle>
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {letters === undefined && !error && <Bone height={240} />}
      {data !== undefined && <Age updatedAt={dataUpdatedAt} incomplete={data.incomplete} />}
      {letters?.length === 0 && <p className={style['panel']}>{words.empty}</p>}
      {letters !== undefined && letters.length > 0 && <Letters letters={letters} dead={dead} />}
    </>
  )
}

function Letters({ letters, dead }: { letters: readonly Letter[]; dead: readonly Letter[] }) {
  const { console: texts } = useConsoleMessages()
  const words = texts.letters
  const now = useNow()
  const queries = useQueryClient()
  const replay = useMutation<Replayed, ShopError, { letter_ids: string[]; dry_run: boolean }>({
    mutationFn: (asked) =>
      shop.ask('POST', '/ops/dead-letters/replay', { body: { ...asked, reason: words.reason } }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['ops'] }),
  })
  const looked =
    replay.data !== undefined && replay.variables.dry_run ? replay.variables.letter_ids : undefined
  const since = looked === undefined ? 0 : dead.filter(({ letter_id }) => !looked.includes(letter_id)).length
  const outcomes = new Map(replay.data?.items.map((item) => [item.letter_id, item]))
  return (
    <section className={style['panel']} aria-labelledby="letters">
      <div className={style['head']}>
        <h2 id="letters">{words.open}</h2>
        {since > 0 && <span className={style['note']}>{words.since(since)}</span>}
        <span className={style['row']}>
          <Button
            look="quiet"
            size="small"
            disabled={replay.isPending || dead.length === 0}
            onClick={() =>
              replay.mutate({ letter_ids: dead.map(({ letter_id }) => letter_id), dry_run: true })
            }
          >
            {words.look}
          </Button>
          <Button
            size="small"
            disabled={replay.isPending || looked === undefined || looked.length === 0}
            onClick={() => looked && replay.mutate({ letter_ids: looked, dry_run: false })}
          >
            {words.apply(looked?.length ?? 0)}
          </Button>
        </span>
      </div>
      {replay.error && <Trouble error={replay.error} />}
      <Table
        columns={[
          { label: words.columns.letter },
          { label: words.columns.state },
          { label: words.columns.order },
          { label: words.columns.event },
          { label: words.columns.error },
          { label: words.columns.tries, isFigure: true },
          { label: words.columns.since, isFigure: true },
          { label: words.columns.outcome },
        ]}
        rows={letters.map((letter) => {
          const outcome = outcomes.get(letter.letter_id)
          return {
            key: letter.letter_id,
            cells: [
              <code key="letter">{letter.letter_id}</code>,
              <State key="state" kind={letter.status === 'BLOCKED' ? 'wait' : 'bad'}>
                {words.states[letter.status]}
              </State>,
              <OrderLink key="order" letter={letter} />,
              letter.event_type ?? '—',
              [letter.error_class, letter.error_message].filter(Boolean).join(': ') || '—',
              letter.attempts,
              age(now - Date.parse(letter.first_failed_at)),
              outcome === undefined
                ? '—'
                : [words.outcomes[outcome.outcome], outcome.detail].filter(Boolean).join(': '),
            ],
          }
        })}
      />
    </section>
  )
}

/** Events of a cart have the cart's id for their key, all others the order's. */
function OrderLink({ letter: { key, event_type } }: { letter: Letter }) {
  const { console: texts } = useConsoleMessages()
  if (event_type === null || event_type.startsWith('cart.')) return '—'
  return (
    <Link to={`/console/orders/${key}`} aria-label={`${texts.order.title} ${shortId(key)}`}>
      <code>{shortId(key)}</code>
    </Link>
  )
}
