import type { ShopError } from '@lepton/client'
import type { Answer, RouteOf } from '@lepton/client/api'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { shop } from '../api.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import style from './console.module.css'
import { useCapabilities } from './queries.ts'
import { ReasonForm } from './reason-form.tsx'

type Catalogue = Answer<RouteOf<'GET', '/ops/faults'>>['catalogue']
type Kind = Catalogue[number]['kind']

const USUAL_S = 15

/** Chooses what to break, and for how long. Where that is not possible it says why, and what to type. */
export function FaultForm({ catalogue, maxS }: { catalogue: Catalogue; maxS: number }) {
  const { console: texts } = useConsoleMessages()
  const words = texts.faults
  const queries = useQueryClient()
  const { data: capabilities } = useCapabilities()
  const [kind, setKind] = useState<Kind>('stop_service')
  const start = useMutation<unknown, ShopError, Record<string, string>>({
    mutationFn: ({ target = '', for_s = '', reason = '' }) =>
      shop.ask('POST', '/ops/faults', { body: { kind, target, for_s: Number(for_s), reason } }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['ops'] }),
  })
  const can = capabilities?.actions.pause
  if (can?.allowed === false)
    return (
      <section className={style['panel']}>
        <h2>{words.start}</h2>
        <p>{can.reason}</p>
        {can.command !== undefined && <code>{can.command}</code>}
      </section>
    )
  const chosen = catalogue.find((one) => one.kind === kind)
  return (
    <section className={style['panel']} aria-labelledby="start">
      <h2 id="start">{words.start}</h2>
      {catalogue.length === 0 && <p>{words.nothing}</p>}
      {chosen !== undefined && (
        <ReasonForm
          submit={words.begin}
          isDangerous
          isPending={start.isPending}
          error={start.error}
          onSubmit={(fields) => start.mutate(fields)}
        >
          <label>
            {words.what}
            <select value={kind} onChange={(event) => setKind(event.currentTarget.value as Kind)}>
              {catalogue.map((one) => (
                <option key={one.kind} value={one.kind}>
                  {words.choice[one.kind]}
                </option>
              ))}
            </select>
          </label>
          <p className={style['note']}>{words.hints[kind]}</p>
          <label>
            {words.target}
            <select name="target" key={kind}>
              {chosen.targets.map((target) => (
                <option key={target}>{target}</option>
              ))}
            </select>
          </label>
          <label>
            {words.seconds(maxS)}
            <input name="for_s" type="number" min={1} max={maxS} required defaultValue={USUAL_S} />
          </label>
        </ReasonForm>
      )}
    </section>
  )
}
