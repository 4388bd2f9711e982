import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { ROOT } from '@lepton/local/root'
import { withoutPattern } from '@lepton/testing/mutants/environment'
import { type Protection, PROTECTIONS } from '@lepton/testing/mutants/protections'
import { table } from '../chaos/report/report.ts'
import { environmentOfJest } from '../config.ts'

/** The attack that each protection keeps out: without it, this test must fail. Said before it ran. */
const NOTICED_BY: Record<Protection, string> = {
  signatures: 'one who reaches Kafka completes no order without a signature, and the order goes on',
  audience: 'a hostile client changes nothing whichever role asks, whatever the request looks like',
  schema_owner: 'the role of a service in its database order cannot change its schema',
  sealed_cards: 'one who reads Kafka finds no card',
  kafka_rights: 'a service that was taken over writes no topic of another service',
  consul_rights:
    'one who reaches Consul changes a setting neither without a token nor with that of another service',
  tls_only: 'one who reaches Consul never gives a token to an entry that says nothing of TLS',
  service_identity:
    'one who reaches Consul never gives a token to an entry that has the certificate of another service',
}
/** Passes in every shop that works: where it fails, too, no attack was tried. */
const CONTROL = 'a shopper buys sells without a cart'
const ASSERTION = /^Error: expect\(/

interface TestResult {
  fullName: string
  status: string
  failureMessages: string[]
}

interface JestReport {
  testResults: { assertionResults: TestResult[] }[]
}

/**
 * Takes each protection out of the shop in turn, and lets the attack be tried that it keeps out.
 *
 * @param only names of protections, separated by commas; all of them without it
 * @returns whether each attack succeeded, and its test said so
 */
export async function runProtections(only: string | undefined): Promise<boolean> {
  const names = only === undefined ? PROTECTIONS : only.split(',').map(protectionOf)
  const rows: string[][] = []
  for (const name of names) rows.push([name, NOTICED_BY[name], await tryWithout(name)])
  process.stdout.write(`${table([['without', 'must be noticed by', 'was'], ...rows])}\n`)
  return rows.every(([, , outcome]) => outcome === 'noticed')
}

async function tryWithout(name: Protection): Promise<string> {
  const report = join(mkdtempSync(join(tmpdir(), 'lepton-mutant-')), `${name}.json`)
  const { importOption, LEPTON_MUTANT } = withoutPattern(name)
  const env = environmentOfJest(undefined)
  const jest = spawn(
    process.execPath,
    [
      join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'),
      ...['--selectProjects', 'e2e', '--runInBand', '--testPathPatterns', 'e2e/journeys/shop.test'],
      ...['--testNamePattern', `^(${CONTROL}|${NOTICED_BY[name]})$`, '--json', '--outputFile', report],
    ],
    {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...env, NODE_OPTIONS: `${env['NODE_OPTIONS']} ${importOption}`, LEPTON_MUTANT },
    },
  )
  await once(jest, 'exit')
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as JestReport
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
  const resultOf = (test: string) => tests.find(({ fullName }) => fullName === test)
  if (resultOf(CONTROL)?.status !== 'passed') return 'not tried: the shop does not work'
  const [failure] = resultOf(NOTICED_BY[name])?.failureMessages ?? []
  if (failure === undefined) return 'SURVIVES'
  // A test that came to no end has not said what it saw.
  return ASSERTION.test(stripVTControlCharacters(failure))
    ? 'noticed'
    : `not judged: ${failure.split('\n')[0]}`
}

function protectionOf(name: string): Protection {
  const known = PROTECTIONS.find((one) => one === name)
  if (known === undefined) throw new Error(`there is ${PROTECTIONS.join(', ')}, but no ${name}`)
  return known
}
