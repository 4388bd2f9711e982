import { startedServers } from './servers.ts'

/** Runs once after all tests. */
async function teardown(): Promise<void> {
  await Promise.all(startedServers.map((server) => server.stop()))
}

export { teardown as default }
