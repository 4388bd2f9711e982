import { useQuery } from '@tanstack/react-query'
import type { SyntheticEvent } from 'react'
import { useSearchParams } from 'react-router'
import { shop } from '../api.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { Button } from '../parts/button.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Trouble } from '../parts/panel.tsx'
import { State } from '../parts/state.tsx'
import style from './console.module.css'
import form from './form.module.css'
import table from './table.module.css'
import { Table } from './table.tsx'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
const FIELDS = ['service', 'order_id', 'query'] as const
const KINDS = { warn: 'wait', error: 'bad', fatal: 'bad' } as const

/** The latest lines of all processes, filtered; the address holds the filter. */
export function Logs() {
  const { console: texts } = useConsoleMessages()
  const words = texts.logs
  const [search, setSearch] = useSearchParams()
  const level = LEVELS.find((name) => name === search.get('level')) ?? 'info'
  const given = Object.fromEntries(
    FIELDS.flatMap((name) => (search.get(name) ? [[name, search.get(name)!]] : [])),
  )
  const { data, error, refetch } = useQuery({
    queryKey: ['ops', 'logs', level, given],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/logs', { query: { level, lines: 200, ...given }, signal }),
    refetchInterval: 3_000,
  })
  function filter(event: SyntheticEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = [...new FormData(event.currentTarget)].filter(([, value]) => value !== '')
    setSearch(form.map(([name, value]): [string, string] => [name, typeof value === 'string' ? value : '']))
  }
  return (
    <>
      <PageTitle title={words.nav}>{words.title}</PageTitle>
      <form className={form['filters']} role="search" onSubmit={filter} key={search.toString()}>
        {FIELDS.map((name) => (
          <input
            key={name}
            name={name}
            defaultValue={given[name]}
            aria-label={words.fields[name]}
            placeholder={words.fields[name]}
          />
        ))}
        <label>
          {words.level}{' '}
          <select name="level" defaultValue={level}>
            {LEVELS.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <Button type="submit" look="quiet" size="small">
          {words.show}
        </Button>
      </form>
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <Bone height={320} />}
      {data?.items.length === 0 && <p className={style['panel']}>{words.empty}</p>}
      {data !== undefined && data.items.length > 0 && (
        <section className={style['panel']}>
          <Table
            columns={[
              { label: words.columns.at },
              { label: words.columns.level },
              { label: words.columns.instance },
              { label: words.columns.message },
            ]}
            rows={data.items.toReversed().map(({ at, level: of, instance, message, fields }, index) => ({
              key: `${at} ${instance} ${data.items.length - index}`,
              cells: [
                <code key="at">{at.slice(11, 23)}</code>,
                <State key="level" kind={KINDS[of as keyof typeof KINDS] ?? 'none'}>
                  {of}
                </State>,
                <code key="instance">{instance}</code>,
                <span key="message" className={table['wrap']}>
                  {message} <code className={style['note']}>{said(fields)}</code>
                </span>,
              ],
            }))}
          />
        </section>
      )}
    </>
  )
}

function said(fields: Record<string, unknown>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
}
