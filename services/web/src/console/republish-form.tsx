import type { ShopError } from '@lepton/client'
import type { Answer, RouteOf } from '@lepton/client/api'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'
import { shop } from '../api.ts'
import { exactTime } from '../format.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { Button } from '../parts/button.tsx'
import { Trouble } from '../parts/panel.tsx'
import style from './console.module.css'
import form from './form.module.css'

type Republished = Answer<RouteOf<'POST', '/ops/events/republish'>>
interface Range {
  since: string
  until: string
  dry_run: boolean
}

/** Sends the events of a time range again, after a look at how many those are. */
export function RepublishForm() {
  const { console: texts } = useConsoleMessages()
  const words = texts.events
  const queries = useQueryClient()
  const [minutes, setMinutes] = useState(10)
  const republish = useMutation<Republished, ShopError, Range>({
    mutationFn: (range) =>
      shop.ask('POST', '/ops/events/republish', { body: { ...range, reason: words.reason } }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['ops', 'streams'] }),
  })
  const { data, variables } = republish
  const isLooked = data !== undefined && variables.dry_run
  function look(event: SyntheticEvent<HTMLFormElement>) {
    event.preventDefault()
    const until = Date.now()
    const since = new Date(until - minutes * 60_000).toISOString()
    republish.mutate({ since, until: new Date(until).toISOString(), dry_run: true })
  }
  const count = data?.items.reduce((sum, { events }) => sum + events, 0) ?? 0
  return (
    <section className={style['panel']} aria-labelledby="again">
      <h2 id="again">{words.again}</h2>
      <p className={style['note']}>{words.againHint}</p>
      <form className={form['filters']} onSubmit={look}>
        <label>
          {words.minutes}{' '}
          <input
            type="number"
            min={1}
            max={20_160}
            required
            value={minutes}
            onChange={(event) => setMinutes(event.currentTarget.valueAsNumber)}
          />
        </label>
        <span className={style['row']}>
          <Button type="submit" look="quiet" size="small" disabled={republish.isPending}>
            {words.look}
          </Button>
          <Button
            size="small"
            disabled={republish.isPending || !isLooked || count === 0}
            onClick={() => isLooked && republish.mutate({ ...variables, dry_run: false })}
          >
            {words.send(isLooked ? count : 0)}
          </Button>
        </span>
      </form>
      {republish.error && <Trouble error={republish.error} />}
      {data !== undefined && (
        <p role="status">
          {(isLooked ? words.would : words.sent)(
            data.items.map(({ service, events }) => `${service} ${events}`).join(', '),
            exactTime(variables.since),
          )}
          {data.incomplete.length > 0 &&
            ` ${texts.incomplete(data.incomplete.map(({ service }) => service).join(', '))}.`}
        </p>
      )}
    </section>
  )
}
