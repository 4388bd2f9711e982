import type { ShopError } from '@lepton/client'
import type { Answer, RouteOf } from '@lepton/client/api'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { shop } from '../api.ts'
import { clock } from '../format.ts'
import type { ConsoleMessages } from '../messages/en-console.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { Button } from '../parts/button.tsx'
import { Trouble } from '../parts/panel.tsx'
import { State } from '../parts/state.tsx'
import { useNow } from '../parts/use-now.ts'
import style from './console.module.css'
import { FaultForm } from './fault-form.tsx'
import { LivePage } from './live-page.tsx'
import { figure, Table } from './table.tsx'
import table from './table.module.css'

type View = Answer<RouteOf<'GET', '/ops/faults'>>
type Fault = View['items'][number]

/** What is broken on purpose, whether it is, until when, and what can be broken. */
export function Faults() {
  const { console: texts } = useConsoleMessages()
  const words = texts.faults
  const queries = useQueryClient()
  const query = useQuery({
    queryKey: ['ops', 'faults'],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/faults', { signal }),
    refetchInterval: 1_000,
  })
  const stop = useMutation<unknown, ShopError, string | undefined>({
    mutationFn: (fault) =>
      fault === undefined
        ? shop.ask('DELETE', '/ops/faults', { body: { reason: words.reason } })
        : shop.ask('DELETE', '/ops/faults/:fault', { params: { fault }, body: { reason: words.reason } }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['ops'] }),
  })
  return (
    <LivePage name={words.nav} query={query} sentence={(data) => sentence(data, words)}>
      {(data) => (
        <>
          {stop.error && <Trouble error={stop.error} />}
          {data.items.length > 0 && (
            <section className={style['panel']} aria-labelledby="now">
              <div className={style['head']}>
                <h2 id="now">{words.now}</h2>
                <Button
                  size="small"
                  look="danger"
                  disabled={stop.isPending}
                  onClick={() => stop.mutate(undefined)}
                >
                  {words.stopAll}
                </Button>
              </div>
              <Now faults={data.items} isStopping={stop.isPending} onStop={(fault) => stop.mutate(fault)} />
            </section>
          )}
          <FaultForm catalogue={data.catalogue} maxS={data.max_s} />
        </>
      )}
    </LivePage>
  )
}

function sentence({ is_known, items }: View, words: ConsoleMessages['faults']): string {
  if (!is_known) return words.unknown
  return items.length === 0 ? words.none : words.some(items.length)
}

function Now({
  faults,
  isStopping,
  onStop,
}: {
  faults: readonly Fault[]
  isStopping: boolean
  onStop: (id: string) => void
}) {
  const { console: texts } = useConsoleMessages()
  const words = texts.faults
  const now = useNow()
  return (
    <Table
      columns={[
        { label: words.columns.fault },
        { label: words.columns.effect },
        figure(words.columns.left),
        { label: words.columns.works },
        { label: words.columns.why },
        { label: words.columns.acts },
      ]}
      rows={faults.map((fault) => {
        const { id, kind, target, processes, ends_at, who, reason, kills } = fault
        const seen = processes.filter(({ in_effect }) => in_effect).length
        return {
          key: id,
          cells: [
            words.kinds[kind](target),
            <State key="effect" kind={seen === 0 ? 'wait' : 'bad'}>
              {kills === null ? words.effect(seen, processes.length) : words.kills(kills)}
            </State>,
            ends_at === null ? words.endless : clock(Date.parse(ends_at) - now),
            <span key="works" className={table['wrap']}>
              {worksIn(target, words.works)}
            </span>,
            who === null ? words.stranger : `${who}: ${reason ?? '—'}`,
            <button
              key="stop"
              type="button"
              className={table['act']}
              disabled={isStopping}
              aria-label={words.stopOf(target)}
              onClick={() => onStop(id)}
            >
              {words.stop}
            </button>,
          ],
        }
      })}
    />
  )
}

/** What still works without it: by the service of an instance, which is its name without the number. */
function worksIn(target: string, works: Record<string, string>): string {
  return works[target] ?? works[target.replace(/-\d+$/, '')] ?? '—'
}
