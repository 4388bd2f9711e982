import type { ShopError } from '@lepton/client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { shop } from '../api.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { useToast } from '../parts/toast.tsx'
import { ReasonForm } from './reason-form.tsx'

export interface SettingAct {
  key: string
  /** What it shall be, as JSON; unset where it is missing. */
  value?: string
  isUndo?: boolean
}

/** Changes a setting of the mesh, or takes its last change back. */
export function SettingDialog({ act, onClose }: { act: SettingAct | undefined; onClose: () => void }) {
  const { console: texts } = useConsoleMessages()
  const words = texts.calls
  const toast = useToast()
  const queries = useQueryClient()
  const mutation = useMutation<
    { key: string; before: string | null; after: string | null },
    ShopError,
    { act: SettingAct; fields: Record<string, string> }
  >({
    mutationFn: ({ act: wanted, fields }) => change(wanted, fields),
    onSuccess: ({ key, before, after }) => {
      toast({ text: words.changed(key, before ?? '—', after ?? '—') })
      onClose()
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['ops', 'mesh'] }),
  })
  const title =
    act === undefined
      ? ''
      : words[act.isUndo ? 'undoOf' : act.value === undefined ? 'unsetOf' : 'setOf'](act.key)
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
          <p>{act.isUndo ? words.undoHint : words.hint}</p>
          {act.value !== undefined && (
            <>
              <label>
                {words.columns.key}
                <input name="key" required maxLength={150} defaultValue={act.key} spellCheck={false} />
              </label>
              <label>
                {words.valueLabel}
                <input name="value" required maxLength={2_000} defaultValue={act.value} spellCheck={false} />
              </label>
            </>
          )}
        </ReasonForm>
      )}
    </Sheet>
  )
}

function change({ key, isUndo }: SettingAct, { reason = '', ...fields }: Record<string, string>) {
  if (isUndo === true) return shop.ask('POST', '/ops/settings/undo', { body: { key, reason } })
  return shop.ask('PUT', '/ops/settings', { body: { key, ...fields, reason } })
}
