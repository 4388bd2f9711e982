import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '@lepton/local/config'
import { ROOT } from '@lepton/local/root'
import { startShop } from '@lepton/local/shop'
import { createShopClient } from '@lepton/testing/shop-client'
import { SETTINGS } from './config.ts'

/** What is made up must neither be registered nor called: at a port of this machine anything may listen. */
const WITHOUT_FOREIGN = { ...SETTINGS, ops: { REGISTER_ALLOW: '' } }

// Asks a shop of its own whatever its OpenAPI document allows and forbids, as a customer and as an operator, and
// compares every answer with the document. The argument is Schemathesis's program.
const SECONDS_EACH = 50
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
]

/** Resolves with whether everything was as described. */
function check(program: string, gateway: string, token: string, folder: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const child = spawn(
    program,
    [
      'run',
      `${gateway}/api/openapi.json`,
      ...['--url', `${gateway}/api/v1`],
      ...['--header', `Authorization: Bearer ${token}`],
      ...['--checks', CHECKS.join(',')],
      ...[
        '--max-time',
        String(SECONDS_EACH),
        // With two, CPython 3.11 mixes up the recursion depths of their parsers and ends a phase with a SystemError.
        '--workers',
        '1',
        '--seed',
        '1',
        '--generation-database',
        'none',
      ],
      // It would end the session that everything else is asked with.
      ...['--exclude-operation-id', 'end_session'],
      // A stream that does not end is no answer that could be compared.
      ...['--exclude-operation-id', 'stream_pulse', '--exclude-operation-id', 'stream_shop'],
      ...['--continue-on-failure', '--warnings', 'off', '--no-color'],
    ],
    { cwd: folder, stdio: 'inherit' },
  )
  child.once('error', reject)
  child.once('exit', (code) => resolve(code === 0))
  return promise
}

async function main([program]: readonly string[]): Promise<void> {
  if (program === undefined) throw new Error('node e2e/schemathesis.ts PATH_OF_SCHEMATHESIS')
  const stateDir = await mkdtemp(join(tmpdir(), 'lepton-openapi-'))
  const config = { ...readConfig(), given: {} }
  const shop = await startShop({ root: ROOT, stateDir, useDefaultPorts: false, config, env: WITHOUT_FOREIGN })
  const client = createShopClient(shop.urls.gateway)
  try {
    const customer = await client.shopper()
    const operator = await client.operator((await readFile(shop.operatorSecretFile, 'utf8')).trim())
    const results = []
    for (const { token } of [customer, operator]) {
      results.push(await check(program, shop.urls.gateway, token, stateDir))
    }
    process.exitCode = results.every(Boolean) ? 0 : 1
  } finally {
    await client.close()
    await shop.stop()
    await rm(stateDir, { recursive: true, force: true })
  }
}

await main(process.argv.slice(2))
