import { readFileSync } from 'node:fs'
import { join } from 'node:path'

// Loaded into a service's process before its own code: its clock is wrong by what a file says, as long as it says so.
const LOOK_EVERY_MS = 250
const { CHAOS_CLOCK_DIR = '.', INSTANCE = 'unknown' } = process.env
const RealDate = Date
let shiftMs = 0

function look(): void {
  try {
    shiftMs = Number(readFileSync(join(CHAOS_CLOCK_DIR, INSTANCE), 'utf8'))
  } catch {
    // No file: the clock is right.
    shiftMs = 0
  }
}

look()
setInterval(look, LOOK_EVERY_MS).unref()

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, self) =>
    Reflect.construct(target, args.length === 0 ? [target.now() + shiftMs] : args, self) as Date,
  apply: (target) => new target(target.now() + shiftMs).toString(),
  get: (target, name) =>
    name === 'now' ? () => target.now() + shiftMs : (Reflect.get(target, name) as unknown),
})
