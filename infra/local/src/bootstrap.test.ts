import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { ROOT } from './root.ts'

/** Installs a Node that answers, unless install scripts are off; an existing folder is up to date, as with pnpm. */
const PNPM = `#!/bin/sh
if [ "$1" = --version ]; then echo 1.2.3; exit; fi
echo "$*" >>calls
if [ -d node_modules ]; then exit; fi
mkdir -p node_modules/node/bin
if [ -e scripts-are-off ]; then exit; fi
printf '#!/bin/sh\\necho v24.9.9\\n' >node_modules/node/bin/node
chmod +x node_modules/node/bin/node
`

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lepton-bootstrap-'))
  mkdirSync(join(root, 'bin'))
  writeFileSync(join(root, 'bin', 'pnpm'), PNPM, { mode: 0o755 })
  writeFileSync(join(root, 'package.json'), JSON.stringify({ packageManager: 'pnpm@1.2.3' }))
  writeFileSync(join(root, '.nvmrc'), '24\n')
})
afterEach(() => rmSync(root, { recursive: true }))

const node = () => join(root, 'node_modules', 'node', 'bin', 'node')
const calls = () => readFileSync(join(root, 'calls'), 'utf8').trim().split('\n')

function bootstrap() {
  const module = pathToFileURL(join(ROOT, 'scripts', 'bootstrap.mjs')).href
  const script = `import { bootstrap } from ${JSON.stringify(module)}
    await bootstrap(${JSON.stringify(root)}).catch(({ message }) => { console.error(message); process.exitCode = 1 })`
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { HOME: root, PATH: `${join(root, 'bin')}:${process.env['PATH']}` },
  })
}

it('installs once, with the install scripts that the repository allows', () => {
  bootstrap()
  bootstrap()

  expect(calls()).toEqual([expect.stringContaining('--config.ignore-scripts=false')])
})

it('installs again what was damaged after it had been recorded as done', () => {
  bootstrap()
  rmSync(node())

  expect(bootstrap().status).toBe(0)
  expect(existsSync(node())).toBe(true)
})

it('names the setting when no install script runs, and recovers when it is gone', () => {
  writeFileSync(join(root, 'scripts-are-off'), '')
  const { status, stderr } = bootstrap()

  expect(status).toBe(1)
  expect(stderr.trim()).toMatch(/^The dependencies were installed, but .*ignore-scripts in .*npmrc.*\.$/)
  rmSync(join(root, 'scripts-are-off'))
  expect(bootstrap().status).toBe(0)
})

it('installs again when a dependency is missing', () => {
  writeFileSync(
    join(root, 'package.json'),
    JSON.stringify({ packageManager: 'pnpm@1.2.3', dependencies: { node: '*' } }),
  )

  expect(bootstrap().stderr).toContain('node_modules/node/package.json is missing')
})
