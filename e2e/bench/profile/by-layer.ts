import type { Frame, Profile } from './profiler.ts'

/** The first that a file's address fits is its layer. */
const LAYERS: [RegExp, string][] = [
  [/node_modules\/(pg|pg-[\w-]+|postgres-[\w-]+|pgpass)\//, 'pg'],
  [/node_modules\/kafkajs\//, 'kafkajs'],
  [/node_modules\/undici\//, 'undici'],
  [/node_modules\/(express|router|body-parser|finalhandler|send|helmet|raw-body|qs)\//, 'express'],
  [/node_modules\/(pino|thread-stream|sonic-boom|[\w-]*stringify)\//, 'logs'],
  [/node_modules\/(prom-client|tdigest)\//, 'metrics'],
  [/node_modules\/@opentelemetry\//, 'traces'],
  [/node_modules\/zod\//, 'validation'],
  [/node_modules\/jose\//, 'tokens'],
  [/node_modules\/opossum\//, 'mesh'],
  [/node_modules\/(@?[\w-]+(?:\/[\w-]+)?)\//, 'other libraries'],
  [/packages\/common\/src\/mesh\//, 'mesh'],
  [/packages\/common\/src\/http\//, 'http (ours)'],
  [/packages\/common\/src\/runtime\/log/, 'logs'],
  [/packages\/common\/src\/runtime\/metrics/, 'metrics'],
  [/packages\/common\//, 'runtime (ours)'],
  [/packages\/events\/src\/kafka\//, 'kafka (ours)'],
  [/packages\/events\/src\/postgres\//, 'postgres (ours)'],
  [/packages\/events\/src\/signatures\//, 'signatures'],
  [/packages\/events\/src\/(relay|outbox|pending|lease|wake-up|lane)/, 'relay'],
  [/packages\/events\//, 'consumer'],
  [/packages\/contracts\//, 'validation'],
  [/packages\//, 'runtime (ours)'],
  [/services\//, 'domain'],
]

const WITHOUT_FILE = new Map([
  ['(garbage collector)', 'garbage collection'],
  // Native code below no frame: the loop itself, reads of sockets, the kernel.
  ['(program)', 'loop and kernel'],
])

export interface LayerTimes {
  /** CPU (µs) by layer; what Node's own code does counts for what called it. */
  layers: Map<string, number>
  /** CPU (µs) by function and its file's place, without what it calls. */
  functions: Map<string, number>
}

/** Which layer the time of a profile went to; idle time is left out. */
export function byLayer(profile: Profile): LayerTimes {
  const frames = new Map(profile.nodes.map((frame) => [frame.id, frame]))
  const layerOf = new Map<number, string>()
  const places = new Map<number, string>()
  const walk = (frame: Frame, above: { layer: string; place: string }) => {
    const own = ownLayer(frame)
    const layer = own ?? above.layer
    layerOf.set(frame.id, layer)
    const place = placeOf(frame)
    places.set(frame.id, own === undefined ? `${place} for ${above.place}` : place)
    for (const child of frame.children ?? [])
      walk(frames.get(child)!, own === undefined ? above : { layer, place })
  }
  walk(profile.nodes[0]!, { layer: 'Node itself', place: 'Node itself' })
  const layers = new Map<string, number>()
  const functions = new Map<string, number>()
  for (const [index, id] of profile.samples.entries()) {
    const frame = frames.get(id)!
    const tookUs = profile.timeDeltas[index + 1] ?? 0
    if (frame.callFrame.functionName === '(idle)') continue
    const layer = layerOf.get(id)!
    layers.set(layer, (layers.get(layer) ?? 0) + tookUs)
    const name = places.get(id)!
    functions.set(name, (functions.get(name) ?? 0) + tookUs)
  }
  return { layers, functions }
}

function ownLayer({ callFrame: { functionName, url } }: Frame): string | undefined {
  return WITHOUT_FILE.get(functionName) ?? LAYERS.find(([file]) => file.test(url))?.[1]
}

function placeOf({ callFrame: { functionName, url, lineNumber } }: Frame): string {
  const file = url
    .replace(/^.*node_modules\/(?!.*node_modules\/)/, '')
    .replace(/^.*\/(?=(packages|services)\/)/, '')
  const name = functionName || '(anonymous)'
  return file === '' || file.startsWith('node:') ? name : `${name} ${file}:${lineNumber + 1}`
}
