import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@lepton/testing/until'
import { peerModule } from '../mesh/install.ts'
import { type Broker, RESILIENCE } from '../mesh/others.ts'
import type { FaultPeer, Kind } from './peer.ts'

interface Moleculer {
  ServiceBroker: new (options: object) => Broker
  Errors: {
    MoleculerServerError: new (message: string, code: number) => Error
    MoleculerClientError: new (message: string, code: number) => Error
  }
}

/** Every second a node asks one other, at random, whom it knows. */
const GOSSIP_S = 1
const load = () => peerModule<Moleculer>('moleculer')

/** Nodes that know each other by their addresses: its own servers, since its client calls no others. */
export const moleculerFaults: FaultPeer = {
  async serve({ name, port: wanted }, next) {
    const { ServiceBroker, Errors } = load()
    const port = wanted === 0 ? 20_000 + Math.floor(Math.random() * 20_000) : wanted
    const options = { udpDiscovery: false, port, gossipPeriod: GOSSIP_S }
    const broker = new ServiceBroker({ nodeID: name, logger: false, transporter: { type: 'TCP', options } })
    const answer = async (kind: Kind) => {
      const { status, afterMs } = next(kind)
      if (afterMs > 0) await delay(afterMs)
      if (status >= 500) throw new Errors.MoleculerServerError('a fault', status)
      if (status >= 400) throw new Errors.MoleculerClientError('a refusal', status)
    }
    const actions = {
      read: () => answer('read'),
      write: () => answer('write'),
      dependent: () => answer('dependent'),
    }
    broker.createService({ name: 'quote', actions })
    await broker.start()
    return { port, stop: () => broker.stop() }
  },

  async connect({ ports }) {
    const { ServiceBroker } = load()
    const urls = ports.map((port, index) => `tcp://127.0.0.1:${port}/instance-${index + 1}`)
    const options = { udpDiscovery: false, port: null, urls, gossipPeriod: GOSSIP_S }
    const transporter = { type: 'TCP', options }
    const broker = new ServiceBroker({ nodeID: 'client', logger: false, transporter, ...RESILIENCE })
    await broker.start()
    await until('all nodes are found', async () => {
      const known = await broker.call('$node.list', { withServices: true, onlyAvailable: true })
      const serving = (known as { services: { name: string }[] }[]).filter(({ services }) =>
        services.some(({ name }) => name === 'quote'),
      )
      return serving.length === ports.length
    })
    return {
      async call(kind) {
        // It cannot know that a write must not be repeated: its documentation has the caller say so.
        await broker.call(`quote.${kind}`, {}, kind === 'write' ? { retries: 0 } : {})
        return 200
      },
      close: () => broker.stop(),
    }
  },
}
