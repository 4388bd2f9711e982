import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '@lepton/local/root'
import { target } from './world.ts'

const CLI = join(ROOT, 'infra', 'local', 'src', 'cli.ts')

/** What `pnpm shop` prints about the shop of the journeys. @throws Error where the command fails */
export async function shopCommand(args: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lepton-shop-command-'))
  try {
    const secret = join(folder, 'operator.secret')
    await writeFile(secret, target.operatorSecret)
    const where = ['--url', target.gateway, '--secret-file', secret]
    return (await promisify(execFile)(process.execPath, [CLI, ...args, ...where])).stdout
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
