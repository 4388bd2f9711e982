import { CannotStart } from './cannot-start.ts'
import type { ShopCommand } from './cli-args.ts'

const LIMITS = /^([a-z][a-z0-9-]*)=(?:(\d{1,2})(?:\.\.(\d{1,2}))?|off)$/
const FIGURE = /^(lag|cpu|in_flight|wait)=(\d+(?:\.\d+)?)$/
/** Of a fixed size nothing decides: the figure is only shown. */
const SHOWN = 'cpu=100'

/**
 * What `scale` sets: `order=1..4 --on lag=200`, `order=3` for a fixed size, `order=off` to size it by hand again.
 *
 * @throws CannotStart that says in a sentence what is wrong with it
 */
export function asSetting({ args, values, ...command }: ShopCommand): ShopCommand {
  const [, service, min, max = min] = LIMITS.exec(args[0]!) ?? []
  if (service === undefined)
    throw new CannotStart(
      `${args[0]} is not a service with its limits, such as order=1..4, order=3 or order=off.`,
    )
  const key = `scaling/${service}`
  const because = { ...values, reason: values.reason ?? 'shop scale' }
  if (min === undefined) return { ...command, name: 'config unset', args: [key], values: because }
  if (min !== max && values.on === undefined)
    throw new CannotStart('--on is missing: the figure that decides, such as --on cpu=50 or --on lag=200.')
  const [, on, target] = FIGURE.exec(values.on ?? SHOWN) ?? []
  if (on === undefined)
    throw new CannotStart(
      `--on ${values.on} is none of lag=RECORDS, cpu=PERCENT, in_flight=REQUESTS or wait=MS.`,
    )
  const setting = { min: Number(min), max: Number(max), on, target: Number(target) }
  return { ...command, name: 'config set', args: [key, JSON.stringify(setting)], values: because }
}
