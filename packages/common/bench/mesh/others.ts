import { Agent } from 'node:http'
import { Pool } from 'undici'
import { peerModule } from './install.ts'
import { answerTo, type Peer } from './peer.ts'
import { post, serveHttp } from './undici.ts'

export interface Broker {
  createService(schema: object): void
  start(): Promise<void>
  stop(): Promise<void>
  waitForServices(names: string[]): Promise<void>
  call(action: string, params: unknown, options?: object): Promise<unknown>
}

/** Two nodes that find each other by their addresses; resilience as its documentation turns it on. */
function moleculerPeer(resilience: object): Peer {
  const broker = (nodeID: string, transporter: object): Broker => {
    const { ServiceBroker } = peerModule<{ ServiceBroker: new (options: object) => Broker }>('moleculer')
    return new ServiceBroker({
      nodeID,
      logger: false,
      transporter: { type: 'TCP', options: transporter },
      ...resilience,
    })
  }
  return {
    async serve() {
      const port = 20_000 + Math.floor(Math.random() * 20_000)
      const server = broker('server', { udpDiscovery: false, port })
      server.createService({
        name: 'answering',
        actions: { ask: ({ params }: { params: unknown }) => answerTo(params) },
      })
      await server.start()
      return { port }
    },
    async connect({ port }) {
      const client = broker('client', {
        udpDiscovery: false,
        port: null,
        urls: [`tcp://127.0.0.1:${port}/server`],
      })
      await client.start()
      await client.waitForServices(['answering'])
      return { call: (question) => client.call('answering.ask', question), close: () => client.stop() }
    },
  }
}

export const moleculer = moleculerPeer({})
export const RESILIENCE = {
  requestTimeout: 2_000,
  retryPolicy: { enabled: true, retries: 1 },
  circuitBreaker: { enabled: true },
  bulkhead: { enabled: true, concurrency: 256, maxQueueSize: 256 },
  metrics: { enabled: true },
}
export const moleculerWithResilience = moleculerPeer(RESILIENCE)

interface Grpc {
  Server: new () => {
    addService(definition: object, handlers: object): void
    bindAsync(address: string, credentials: object, done: (error: Error | null, port: number) => void): void
  }
  Client: new (
    address: string,
    credentials: object,
  ) => {
    makeUnaryRequest(
      path: string,
      serialize: (value: unknown) => Buffer,
      deserialize: (bytes: Buffer) => unknown,
      question: unknown,
      metadata: object,
      options: { deadline: number },
      done: (error: Error | null, answer: unknown) => void,
    ): void
    close(): void
  }
  Metadata: new () => object
  ServerCredentials: { createInsecure(): object }
  credentials: { createInsecure(): object }
}

const toBytes = (value: unknown) => Buffer.from(JSON.stringify(value))
const fromBytes = (bytes: Buffer) => JSON.parse(bytes.toString()) as unknown
const GRPC_PATH = '/bench.Answering/Ask'

/** gRPC with JSON for its messages, so that all peers carry the same bytes. */
export const grpc: Peer = {
  serve() {
    const { Server, ServerCredentials } = peerModule<Grpc>('@grpc/grpc-js')
    const server = new Server()
    const method = {
      path: GRPC_PATH,
      requestStream: false,
      responseStream: false,
      requestSerialize: toBytes,
      requestDeserialize: fromBytes,
      responseSerialize: toBytes,
      responseDeserialize: fromBytes,
    }
    const ask = ({ request }: { request: unknown }, done: (error: null, answer: unknown) => void) =>
      done(null, answerTo(request))
    server.addService({ ask: method }, { ask })
    return new Promise((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
        if (error === null) resolve({ port })
        else reject(error)
      }),
    )
  },
  connect({ port }) {
    const { Client, Metadata, credentials } = peerModule<Grpc>('@grpc/grpc-js')
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
    const metadata = new Metadata()
    const call = (question: unknown) =>
      new Promise<unknown>((resolve, reject) =>
        client.makeUnaryRequest(
          GRPC_PATH,
          toBytes,
          fromBytes,
          question,
          metadata,
          { deadline: Date.now() + 2_000 },
          (error, answer) => (error === null ? resolve(answer) : reject(error)),
        ),
      )
    return Promise.resolve({ call, close: () => Promise.resolve(client.close()) })
  },
}

interface Cockatiel {
  retry(policy: object, options: object): object
  circuitBreaker(policy: object, options: object): object
  timeout(ms: number, strategy: string): object
  bulkhead(limit: number, queue: number): object
  wrap(...policies: object[]): { execute<T>(work: () => Promise<T>): Promise<T> }
  handleAll: object
  ConsecutiveBreaker: new (failures: number) => object
  ExponentialBackoff: new () => object
}

export const cockatiel: Peer = {
  serve: serveHttp,
  connect({ url }) {
    const { retry, circuitBreaker, timeout, bulkhead, wrap, ...parts } = peerModule<Cockatiel>('cockatiel')
    const client = new Pool(String(url), { connections: 64, pipelining: 1 })
    const policy = wrap(
      bulkhead(256, 256),
      retry(parts.handleAll, { maxAttempts: 1, backoff: new parts.ExponentialBackoff() }),
      circuitBreaker(parts.handleAll, { halfOpenAfter: 10_000, breaker: new parts.ConsecutiveBreaker(5) }),
      timeout(2_000, 'aggressive'),
    )
    return Promise.resolve({
      call: (question) => policy.execute(() => post(client, question)),
      close: () => client.close(),
    })
  },
}

interface Axios {
  create(options: object): { post(path: string, body: unknown): Promise<{ data: unknown }> }
}
type Opossum = new (
  work: (question: unknown) => Promise<unknown>,
  options: object,
) => { fire(question: unknown): Promise<unknown>; shutdown(): void }

export const axiosWithOpossum: Peer = {
  serve: serveHttp,
  connect({ url }) {
    const agent = new Agent({ keepAlive: true, maxSockets: 64 })
    const http = peerModule<Axios & { default?: Axios }>('axios')
    const client = (http.default ?? http).create({ baseURL: String(url), httpAgent: agent })
    const CircuitBreaker = peerModule<Opossum>('opossum')
    const circuit = new CircuitBreaker(async (question) => (await client.post('/ask', question)).data, {
      timeout: 2_000,
    })
    return Promise.resolve({
      call: (question) => circuit.fire(question),
      close: () => {
        circuit.shutdown()
        agent.destroy()
        return Promise.resolve()
      },
    })
  },
}
