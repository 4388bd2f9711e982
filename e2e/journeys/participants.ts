import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { ROOT } from '@lepton/local/root'
import { hasPython } from '@lepton/testing/python'
import { until } from '@lepton/testing/until'
import { operator, target, uniqueName } from './world.ts'

const API = '/api/v1'
const PATHS = { prepare: '/tx/{id}/prepare', confirm: '/tx/{id}/confirm', cancel: '/tx/{id}/cancel' }
/** A shop in containers reaches nothing on this machine, and not every machine has a Python. */
const withPython = target.inside === undefined || !hasPython() ? it.skip : it
/** What recovery, and a check that fails, may take. */
const PATIENCE = { timeoutMs: 60_000, everyMs: 100 }

interface Transaction {
  transaction_id: string
  state: string
  message: string
}

/** Two services that the shop knows nothing of: one in Python, with a memory on disk, and one that answers when the test lets it. */
export function participants(): void {
  const folder = mkdtempSync(join(tmpdir(), 'lepton-participant-'))
  const [billing, shipping] = [uniqueName('billing'), uniqueName('shipping')]
  const asked: string[] = []
  let python: ChildProcess
  let pythonPort = 0
  let server: Server
  let gate: Promise<unknown> = Promise.resolve()

  /** On the same port and the same file, as a supervisor would start it again. */
  async function startPython(): Promise<void> {
    python = spawn(
      'python3',
      [join(ROOT, 'docs', 'participant.py'), String(pythonPort), join(folder, 'billing.db')],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const [line] = (await once(python.stdout!, 'data')) as [Buffer]
    pythonPort = Number(line.toString())
  }

  async function killPython(): Promise<void> {
    python.kill('SIGKILL')
    await once(python, 'exit')
  }

  /** Holds the next answers of the other participant until the returned function is called. */
  function hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    gate = promise
    return resolve
  }

  beforeAll(async () => {
    if (withPython !== it) return
    server = createServer((req, res) => {
      asked.push(req.url!)
      void gate.then(() => res.end('{}'))
    }).listen(0, '127.0.0.1')
    await Promise.all([once(server, 'listening'), startPython()])
    const places = [
      [billing, pythonPort],
      [shipping, (server.address() as AddressInfo).port],
    ] as const
    for (const [service_name, service_port] of places) {
      const body = { service_name, service_address: '127.0.0.1', service_port, participant: PATHS }
      expect((await operator.ask('POST', `${API}/register`, { body })).status).toBe(200)
    }
  })
  afterAll(() => {
    python?.kill('SIGKILL')
    server?.closeAllConnections()
    server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const run = () =>
    operator.ask<Transaction>('POST', '/transaction', { body: { service_a: billing, service_b: shipping } })
  const stateOf = async (id: string) =>
    (await operator.ask<Transaction>('GET', `${API}/transaction/${id}`)).body.state
  const ofPython = async (id: string) => {
    const answer = await fetch(`http://127.0.0.1:${pythonPort}/tx/${id}`)
    return ((await answer.json()) as { state: string | null }).state
  }
  /** The transaction that the held participant is asked about. */
  async function heldAt(phase: string): Promise<string> {
    const url = await until(
      `to be asked to ${phase}`,
      () => asked.find((one) => one.endsWith(phase)),
      PATIENCE,
    )
    return url.split('/')[2]!
  }

  withPython('prepares and confirms with another, as the seed asks for it', async () => {
    const answer = await until(
      'both are known, and confirm',
      async () => {
        const one = await run()
        return one.status === 200 && one.body
      },
      PATIENCE,
    )

    expect(answer).toMatchObject({ status: 'success', state: 'CONFIRMED' })
    expect(await ofPython(answer.transaction_id)).toBe('CONFIRMED')
  })

  withPython('is killed between prepare and confirm, and confirms when it is back', async () => {
    asked.length = 0
    const release = hold()
    const running = run()
    const id = await heldAt('prepare')
    await until('it is prepared', async () => (await ofPython(id)) === 'PREPARED', PATIENCE)

    await killPython()
    release()
    const { status, body } = await running
    await startPython()

    expect(status).toBe(200)
    expect(body.message).toContain(`${billing} will be asked until`)
    await until('it has confirmed', async () => (await ofPython(id)) === 'CONFIRMED', PATIENCE)
    await until('the coordinator knows', async () => (await stateOf(id)) === 'CONFIRMED', PATIENCE)
  })

  withPython('cancels when the coordinator is killed before it has decided', async () => {
    asked.length = 0
    const release = hold()
    const running = run().catch(() => undefined)
    const id = await heldAt('prepare')
    await until('it is prepared', async () => (await ofPython(id)) === 'PREPARED', PATIENCE)

    await target.takeAway('order')
    release()
    await running
    await target.bringBack('order')

    await until('it has cancelled', async () => (await ofPython(id)) === 'CANCELLED', PATIENCE)
    await until('that is known', async () => (await stateOf(id).catch(() => '')) === 'CANCELLED', PATIENCE)
  })

  withPython('confirms when the coordinator is killed after it has decided', async () => {
    asked.length = 0
    // One participant is away at first, so that the decision is there and is not carried out.
    const release = hold()
    const running = run().catch(() => undefined)
    const id = await heldAt('prepare')
    await until('it is prepared', async () => (await ofPython(id)) === 'PREPARED', PATIENCE)
    await killPython()
    release()
    await until('it is decided', async () => (await stateOf(id)) === 'CONFIRMING', PATIENCE)

    await target.takeAway('order')
    await running
    await startPython()
    await target.bringBack('order')

    await until('it has confirmed', async () => (await ofPython(id)) === 'CONFIRMED', PATIENCE)
    await until('that is known', async () => (await stateOf(id).catch(() => '')) === 'CONFIRMED', PATIENCE)
  })
}
