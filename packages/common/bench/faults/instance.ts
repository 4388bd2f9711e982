import { createVerdicts, type Kind } from './peer.ts'
import { type FaultPeerName, PEERS } from './peers.ts'
import type { Mood } from './scenarios.ts'

// One instance: `instance.ts PEER SERVICE NAME PORT CONSUL`. Its parent says how it feels, and hears how often it was asked.
const [, , peer, service, name, port, consul] = process.argv as unknown as [
  string,
  string,
  FaultPeerName,
  ...string[],
]
const COUNT_MS = 100

const verdicts = createVerdicts()
let asked = 0
const serving = await PEERS[peer].serve(
  { service: service!, name: name!, port: Number(port), consul: consul! },
  (kind: Kind) => {
    asked += 1
    return verdicts.next(kind)
  },
)
process.on('message', (mood: Mood) => verdicts.change(mood))
process.on('disconnect', () => process.exit())
process.on('SIGTERM', () => void serving.stop().then(() => process.exit()))
setInterval(() => {
  process.send!({ asked })
  asked = 0
}, COUNT_MS)
process.send!({ port: serving.port })
