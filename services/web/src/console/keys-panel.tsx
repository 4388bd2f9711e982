import { useCallback, useEffect, useState } from 'react'
import { pause, usePaused } from '../live/pause.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { Button } from '../parts/button.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { State } from '../parts/state.tsx'
import style from './console.module.css'
import { useKeys, useKeysInUse } from './keys.ts'
import { useOrdersSince } from './orders-since.ts'

/** Holds the figures of the console, and lists its keys. */
export function KeysPanel() {
  const { console: texts } = useConsoleMessages()
  const [isOpen, setOpen] = useState(false)
  const [areInUse, setInUse] = useKeysInUse()
  const isPaused = usePaused()
  useKeys(useCallback(() => setOpen(true), []))
  // The shop's own pages have no button to go on.
  useEffect(() => () => pause(false), [])
  return (
    <>
      {isPaused && <State kind="wait">{texts.keys.paused}</State>}
      {isPaused && <Came />}
      <Button look="link" onClick={() => pause(!isPaused)}>
        {isPaused ? texts.keys.goOn : texts.keys.pause}
      </Button>
      <Button look="link" onClick={() => setOpen(true)}>
        {texts.keys.title}
      </Button>
      <Sheet title={texts.keys.title} isOpen={isOpen} onClose={() => setOpen(false)} shape="box">
        <dl className={style['keys']}>
          {Object.entries(texts.keys.list).map(([key, what]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <label>
          <input type="checkbox" checked={areInUse} onChange={() => setInUse(!areInUse)} /> {texts.keys.inUse}
        </label>
      </Sheet>
    </>
  )
}

/** How much has come while the figures are held. */
function Came() {
  const { console: texts } = useConsoleMessages()
  const orders = useOrdersSince()
  return orders > 0 && <span>{texts.keys.came(orders)}</span>
}
