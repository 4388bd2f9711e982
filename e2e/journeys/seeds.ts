import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { ALIAS_ROUTES } from '@lepton/contracts/aliases'
import { ROUTES } from '@lepton/contracts/routes'
import { ROOT } from '@lepton/local/root'
import { until } from '@lepton/testing/until'
import { shopCommand } from './shop-command.ts'
import { client, operator, target, uniqueName } from './world.ts'

interface Row {
  number: string
  commands: string[]
  files: string[]
}

const REQUEST = /^(GET|POST|PUT|DELETE) (\/\S*)(?: (\{.*\}))?$/
/** What a shop on Docker Compose refuses, on purpose: it cannot read logs, and lets no address of this machine be registered. */
const ON_THIS_MACHINE = /^\w+ (\/api\/v1\/ops\/logs|\/register)\b/
/** What a request may be answered a moment after another: the shop needs that moment. */
const NOT_YET = [404, 409, 503]

/** Runs every request and command of docs/seeds.md, row by row, and looks for every file that it names. */
export function seeds(): void {
  it('does what the table says, row by row', async () => {
    const rows = rowsOf(await readFile(join(ROOT, 'docs', 'seeds.md'), 'utf8'))
    expect(rows.length).toBeGreaterThan(30)
    const shopper = await client.shopper()
    let orderId = ''

    async function run(command: string): Promise<void> {
      const filled = command.replaceAll('ORDER_ID', orderId)
      if (filled.startsWith('pnpm shop ')) {
        await shopCommand(wordsOf(filled.slice('pnpm shop '.length)))
        return
      }
      const [, method = '', path = '', body] = REQUEST.exec(filled) ?? []
      if (method === '') throw new Error(`neither a request nor \`pnpm shop\`: ${command}`)
      const asker = isForOperators(method, path) ? operator : shopper
      const answer = await until(
        `${command} succeeds`,
        async () => {
          const one = await asker.ask<{ order_id?: string }>(method as 'GET', path, {
            ...(body !== undefined && { body: JSON.parse(body) as object }),
            // The documents' own requests have none.
            ...(path.startsWith('/api/v1/') && method !== 'GET' && { key: uniqueName('seeds') }),
          })
          if (!NOT_YET.includes(one.status)) return one
          throw new Error(`${one.status}: ${JSON.stringify(one.body)}`)
        },
        { timeoutMs: 20_000, everyMs: 100 },
      )
      if (answer.status >= 400) throw new Error(`${command}: ${answer.status} ${JSON.stringify(answer.body)}`)
      orderId = answer.body?.order_id ?? orderId
    }

    const failed: string[] = []
    for (const { number, commands, files } of rows) {
      if (commands.length === 0) failed.push(`row ${number} shows nothing`)
      for (const command of commands) {
        if (target.inside === undefined && ON_THIS_MACHINE.test(command)) continue
        await run(command).catch((error: unknown) =>
          failed.push(`row ${number}: ${(error as Error).message}`),
        )
      }
      failed.push(
        ...files.filter((file) => !existsSync(join(ROOT, file))).map((file) => `row ${number}: no ${file}`),
      )
    }
    expect(failed).toEqual([])
  })
}

function rowsOf(text: string): Row[] {
  return text.split('\n').flatMap((line) => {
    const [, number = '', , shown = '', where = '', test = ''] = line.split('|').map((cell) => cell.trim())
    if (!/^\d+$/.test(number)) return []
    return [{ number, commands: codeIn(shown), files: [...codeIn(where), ...codeIn(test)] }]
  })
}

function codeIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)
}

/** As a shell would split it, double quotes included. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!)
}

function isForOperators(method: string, url: string): boolean {
  const path = new URL(url, target.gateway).pathname.replace(/^\/api\/v1/, '')
  const route = [...ROUTES, ...ALIAS_ROUTES].find(
    (one) => one.method === method && new RegExp(`^${one.path.replace(/:\w+/g, '[^/]+')}$`).test(path),
  )
  return route?.access.every((role) => role === 'operator') ?? false
}
