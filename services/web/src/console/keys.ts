import { useEffect } from 'react'
import { useNavigate } from 'react-router'
import { isPaused, pause } from '../live/pause.ts'
import { remember, remembered } from '../remember.ts'
import { createSharedValue } from '../shared-value.ts'

const KEY = 'keys'
const inUse = createSharedValue(remembered(KEY) !== 'off')

/** Single keys can be switched off: a voice that types words would set them off. */
export function useKeysInUse(): [boolean, (areInUse: boolean) => void] {
  return [inUse.use(), choose]
}

function choose(wanted: boolean): void {
  remember(KEY, wanted ? 'on' : 'off')
  inUse.set(wanted)
}

/** Where the orders are opened for a search, which the address cannot say. */
const SEARCH = { search: true }
export const isSearch = (state: unknown) => (state as Partial<typeof SEARCH> | null)?.search === true

/** The keys of the console, wherever the focus is but in a field or a dialog. */
export function useKeys(onHelp: () => void): void {
  const navigate = useNavigate()
  useEffect(() => {
    const acts: Record<string, () => unknown> = {
      '/': () => focusSearch() || navigate('/console/orders', { state: SEARCH }),
      j: () => moveRow(1),
      k: () => moveRow(-1),
      p: () => pause(!isPaused()),
      '?': onHelp,
    }
    function press(event: KeyboardEvent): void {
      const act = acts[event.key]
      if (act === undefined || !inUse.get() || isTyping(event)) return
      event.preventDefault()
      act()
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [navigate, onHelp])
}

function isTyping({ target, ctrlKey, metaKey, altKey, isComposing }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || altKey || isComposing) return true
  // One that was just closed keeps the focus until the page is drawn again.
  return target instanceof Element && target.closest('input, select, textarea, dialog[open]') !== null
}

function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>('main input[type=search]')
  field?.select()
  field?.focus()
  return field !== null
}

/** Rows in which there is nothing to open or press are passed over. */
function moveRow(by: 1 | -1): void {
  const rows = [...document.querySelectorAll('main tbody tr')].filter((row) => row.querySelector(PRESSABLE))
  const now = rows.findIndex((row) => row.contains(document.activeElement))
  const next = now === -1 ? (by === 1 ? 0 : rows.length - 1) : now + by
  rows[next]?.querySelector<HTMLElement>(PRESSABLE)?.focus()
}

const PRESSABLE = 'a[href], button:not(:disabled)'
