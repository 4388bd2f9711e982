import { useMutation, useQueryClient } from '@tanstack/react-query'
import { shop } from '../api.ts'
import { age } from '../format.ts'
import type { ConsoleMessages } from '../messages/en-console.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { Button } from '../parts/button.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Trouble } from '../parts/panel.tsx'
import { State } from '../parts/state.tsx'
import { useNow } from '../parts/use-now.ts'
import style from './console.module.css'
import table from './table.module.css'
import { type Promises, usePromises } from './queries.ts'

const KINDS = { kept: 'ok', broken: 'bad', unknown: 'none', only_by_chaos: 'none' } as const

/** What the shop promises, and whether the last comparison of all orders found it kept. */
export function Books() {
  const { console: texts } = useConsoleMessages()
  const { data, error, refetch } = usePromises()
  const queries = useQueryClient()
  const check = useMutation({
    mutationFn: () => shop.ask('POST', '/ops/promises/check', { body: { reason: texts.books.reason } }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['ops', 'promises'] }),
  })
  const isChecking = data?.is_checking === true || check.isPending
  return (
    <>
      <PageTitle title={texts.books.nav}>
        {data === undefined ? texts.books.nav : sentence(data, texts.books)}
      </PageTitle>
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {check.error && <Trouble error={check.error} />}
      {data === undefined && !error && <Bone height={360} />}
      {data !== undefined && (
        <section className={style['panel']} aria-labelledby="promises">
          <div className={style['head']}>
            <h2 id="promises">{texts.books.title}</h2>
            <Checked promises={data} />
            <Button look="quiet" size="small" disabled={isChecking} onClick={() => check.mutate()}>
              {isChecking ? texts.books.checking : texts.books.check}
            </Button>
          </div>
          <table className={table['table']}>
            <thead>
              <tr>
                <th>{texts.books.columns.number}</th>
                <th>{texts.books.columns.promise}</th>
                <th>{texts.books.columns.state}</th>
                <th>{texts.books.columns.rows}</th>
              </tr>
            </thead>
            <tbody>
              {data.items.map(({ id, promise, state, sample }) => (
                <tr key={id}>
                  <td data-label={texts.books.columns.number}>{id}</td>
                  <td data-label={texts.books.columns.promise} className={table['wide']}>
                    {texts.promises[id as keyof typeof texts.promises] ?? promise}
                  </td>
                  <td data-label={texts.books.columns.state}>
                    <State kind={KINDS[state]}>{texts.books.states[state]}</State>
                  </td>
                  <td data-label={texts.books.columns.rows}>
                    {sample.length === 0 ? '—' : sample.map(({ what }) => what).join('; ')}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </>
  )
}

function sentence({ items }: Promises, texts: ConsoleMessages['books']): string {
  const broken = items.filter(({ state }) => state === 'broken').map(({ id }) => id)
  const kept = items.filter(({ state }) => state === 'kept').length
  if (broken.length > 0) return texts.broken(broken.join(', '))
  return kept === 0 ? texts.never : texts.kept(kept)
}

function Checked({ promises }: { promises: Promises }) {
  const { console: texts } = useConsoleMessages()
  const now = useNow()
  const at = promises.items.find(({ checked_at }) => checked_at !== null)?.checked_at
  if (!at || promises.orders === null) return <span className={style['note']}>{texts.books.never}</span>
  return (
    <span className={style['note']}>
      {texts.books.compared(promises.orders, age(Math.max(0, now - Date.parse(at))))}
    </span>
  )
}
