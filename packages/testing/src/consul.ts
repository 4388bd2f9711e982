import { prepareConsul } from '@lepton/local/consul'
import { startTestServer, type TestServer } from './servers.ts'

/** A Consul that keeps what it knows while it is stopped. */
export const startConsul = (): Promise<TestServer> => startTestServer(prepareConsul)
