import type { ShopError } from '@lepton/client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { shop } from '../api.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { Sheet } from '../parts/sheet.tsx'
import type { Alarm } from './queries.ts'
import { ReasonForm } from './reason-form.tsx'

export interface AlarmAct {
  kind: 'set' | 'silence'
  alarm: Alarm
}

/** Changes what counts as too much, or how long nothing is delivered. */
export function AlarmDialog({ act, onClose }: { act: AlarmAct | undefined; onClose: () => void }) {
  const { console: texts } = useConsoleMessages()
  const words = texts.alarms
  const queries = useQueryClient()
  const mutation = useMutation<unknown, ShopError, { act: AlarmAct; fields: Record<string, string> }>({
    mutationFn: ({ act: wanted, fields }) => change(wanted, fields),
    onSuccess: onClose,
    onSettled: () => queries.invalidateQueries({ queryKey: ['ops', 'alarms'] }),
  })
  const title = act === undefined ? '' : words[`${act.kind}Of`](words.name(act.alarm.name))
  return (
    <Sheet shape="box" title={title} isOpen={act !== undefined} onClose={onClose}>
      {act !== undefined && (
        <ReasonForm
          submit={words.apply}
          isPending={mutation.isPending}
          error={mutation.error}
          onSubmit={(fields) => mutation.mutate({ act, fields })}
          onClose={onClose}
        >
          {act.kind === 'set' && (
            <label>
              {words.threshold(words.units[act.alarm.unit])}
              <input name="threshold" type="number" min={0} step="any" defaultValue={act.alarm.threshold} />
            </label>
          )}
          {act.kind === 'silence' && <p>{words.silenceHint}</p>}
          <label>
            {act.kind === 'set' ? words.forS : words.silentS}
            <input
              name="for_s"
              type="number"
              min={0}
              max={86_400}
              required={act.kind === 'silence'}
              defaultValue={act.kind === 'set' ? act.alarm.for_s : 600}
            />
          </label>
        </ReasonForm>
      )}
    </Sheet>
  )
}

function change({ kind, alarm: { name } }: AlarmAct, fields: Record<string, string>): Promise<unknown> {
  const { reason = '', threshold = '', for_s = '' } = fields
  if (kind === 'silence')
    return shop.ask('POST', '/ops/alarms/:alarm/silence', {
      params: { alarm: name },
      body: { for_s: Number(for_s), reason },
    })
  return shop.ask('PUT', '/ops/alarms/:alarm', {
    params: { alarm: name },
    body: {
      ...(threshold !== '' && { threshold: Number(threshold) }),
      ...(for_s !== '' && { for_s: Number(for_s) }),
      reason,
    },
  })
}
