import type { ShopError } from '@lepton/client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { shop } from '../api.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { useToast } from '../parts/toast.tsx'
import { ReasonForm } from './reason-form.tsx'

export interface Act {
  kind: 'kill' | 'pause' | 'restart' | 'remove' | 'add'
  /** Of the instance, the server, or the service that gets another instance. */
  name: string
  isServer?: boolean
}

/** How long a pause lasts, in seconds: the launcher ends it, whatever became of this page. */
const PAUSE_S = 10

/** Names what an act does, and asks for the reason that the audit trail keeps. */
export function ActDialog({ act, onClose }: { act: Act | undefined; onClose: () => void }) {
  const { console: texts } = useConsoleMessages()
  const toast = useToast()
  const queries = useQueryClient()
  const mutation = useMutation<string, ShopError, { act: Act; reason: string }>({
    mutationFn: ({ act: wanted, reason }) => perform(wanted, reason),
    onSuccess: (observed, { act: done }) => {
      toast({ text: texts.acts.seen(done.name, observed) })
      onClose()
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['ops'] }),
  })
  return (
    <Sheet
      shape="box"
      title={act === undefined ? '' : texts.acts.label[act.kind](act.name)}
      isOpen={act !== undefined}
      onClose={onClose}
    >
      {act !== undefined && (
        <ReasonForm
          submit={texts.acts.short[act.kind]}
          isDangerous={act.kind !== 'add'}
          isPending={mutation.isPending}
          error={mutation.error}
          onSubmit={({ reason = '' }) => mutation.mutate({ act, reason })}
          onClose={onClose}
        >
          <p>{texts.acts.effect[act.kind](PAUSE_S)}</p>
        </ReasonForm>
      )}
    </Sheet>
  )
}

/** Does it, and gives what was seen of it. */
async function perform({ kind, name, isServer = false }: Act, reason: string): Promise<string> {
  if (kind === 'add') {
    await shop.ask('POST', '/ops/services/:service/instances', {
      params: { service: name },
      body: { reason },
    })
    return 'begun'
  }
  if (kind === 'remove') {
    const done = await shop.ask('DELETE', '/ops/instances/:name', { params: { name }, body: { reason } })
    return done.observed
  }
  const body = { reason, ...(kind === 'pause' && { for_s: PAUSE_S }) }
  const done = isServer
    ? await shop.ask('POST', '/ops/servers/:server/:action', {
        params: { server: name as 'postgres' | 'kafka' | 'consul', action: kind },
        body,
      })
    : await shop.ask('POST', '/ops/instances/:name/:action', { params: { name, action: kind }, body })
  return done.observed
}
