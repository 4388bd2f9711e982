import { age } from '../format.ts'
import type { ConsoleMessages } from '../messages/en-console.ts'
import type { Overview, ServiceView } from './queries.ts'

const answers = (state: string) => state === 'passing' || state === 'warning'

/** How many instances of a service answer. */
export const answeringIn = ({ instances }: ServiceView): number =>
  instances.filter(({ state }) => answers(state)).length

/** Services that lack the most first, then those that fail the most. */
export function worstFirst(services: readonly ServiceView[]): ServiceView[] {
  const lack = (service: ServiceView) => service.expected - answeringIn(service)
  return services.toSorted(
    (a, b) => lack(b) - lack(a) || (b.figures.error_share ?? 0) - (a.figures.error_share ?? 0),
  )
}

/** The whole overview in one or two sentences, the worst first. */
export function judgementOf({ services, orders }: Overview, now: number, texts: ConsoleMessages): string {
  const sentences: string[] = []
  const silent = services.flatMap(({ instances }) =>
    instances.filter(({ state }) => state === 'failing').map((instance) => instance),
  )
  const [first] = silent.toSorted((a, b) => b.since.localeCompare(a.since))
  const down = services.filter((service) => service.expected > 0 && answeringIn(service) === 0)
  if (down.length > 0) sentences.push(texts.judgement.down(down.map(({ service }) => service).join(', ')))
  if (first !== undefined)
    sentences.push(
      texts.judgement.silent(first.name, first.because ?? '', age(now - Date.parse(first.since))),
    )
  if (silent.length > 1) sentences.push(texts.judgement.more(silent.length - 1))
  if (sentences.length === 0)
    sentences.push(texts.judgement.all(services.reduce((sum, service) => sum + answeringIn(service), 0)))
  sentences.push(
    orders.in_flight === null ? texts.judgement.unknown : texts.judgement.inFlight(orders.in_flight),
  )
  return sentences.join(texts.judgement.between)
}
