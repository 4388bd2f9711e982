import { useQuery } from '@tanstack/react-query'
import { shop } from '../api.ts'
import { age, exactTime } from '../format.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Trouble } from '../parts/panel.tsx'
import { useNow } from '../parts/use-now.ts'
import { Age } from './age.tsx'
import style from './console.module.css'
import { Table } from './table.tsx'

/** Who did what, why, and what came of it: the audit trails of all services. */
export function Activity() {
  const { console: texts } = useConsoleMessages()
  const words = texts.activity
  const { data, error, refetch, dataUpdatedAt } = useQuery({
    queryKey: ['ops', 'actions'],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/actions', { query: { limit: 100 }, signal }),
    refetchInterval: 5_000,
  })
  const now = useNow()
  return (
    <>
      <PageTitle title={words.nav}>{data?.items.length === 0 ? words.empty : words.title}</PageTitle>
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <Bone height={320} />}
      {data !== undefined && <Age updatedAt={dataUpdatedAt} incomplete={data.incomplete} />}
      {data !== undefined && data.items.length > 0 && (
        <section className={style['panel']}>
          <Table
            columns={[
              { label: words.columns.when, isFigure: true },
              { label: words.columns.who },
              { label: words.columns.what },
              { label: words.columns.target },
              { label: words.columns.why },
              { label: words.columns.result },
            ]}
            rows={data.items.map(({ at, who, action, target, reason, result }) => ({
              key: `${at} ${action} ${target} ${result}`,
              cells: [
                <time key="at" dateTime={at} title={exactTime(at)}>
                  {age(now - Date.parse(at))}
                </time>,
                who,
                action,
                target,
                reason ?? '—',
                result ?? '—',
              ],
            }))}
          />
        </section>
      )}
    </>
  )
}
