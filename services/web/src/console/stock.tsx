import { useQuery } from '@tanstack/react-query'
import { shop } from '../api.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Trouble } from '../parts/panel.tsx'
import { State } from '../parts/state.tsx'
import style from './console.module.css'
import { Table } from './table.tsx'

/** Units of all products, and whether they add up: available, held and sold are what was received. */
export function Stock() {
  const { console: texts, catalogue, shelf } = useConsoleMessages()
  const words = texts.stock
  const { data, error, refetch } = useQuery({
    queryKey: ['ops', 'stock'],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/stock', { query: { limit: 100 }, signal }),
    refetchInterval: 3_000,
  })
  const wrong = data?.items.filter((one) => one.available + one.held + one.committed !== one.received) ?? []
  return (
    <>
      <PageTitle title={words.nav}>
        {data === undefined
          ? words.nav
          : wrong.length === 0
            ? words.right(data.items.length)
            : words.wrong(wrong.length)}
      </PageTitle>
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <Bone height={320} />}
      {data !== undefined && (
        <section className={style['panel']}>
          <Table
            columns={[
              { label: words.columns.product },
              { label: words.columns.category },
              { label: words.columns.available, isFigure: true },
              { label: words.columns.held, isFigure: true },
              { label: words.columns.committed, isFigure: true },
              { label: words.columns.received, isFigure: true },
            ]}
            rows={data.items.map((one) => ({
              key: one.product_id,
              cells: [
                shelf.name(one.product_id, one.name),
                shelf.category(one.category),
                one.available === 0 ? (
                  <State key="sold-out" kind="undo">
                    {catalogue.soldOut}
                  </State>
                ) : (
                  one.available
                ),
                one.held,
                one.committed,
                one.received,
              ],
            }))}
          />
        </section>
      )}
    </>
  )
}
