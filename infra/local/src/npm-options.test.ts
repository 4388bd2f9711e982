import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { ROOT } from './root.ts'

function run(command: string, env: Record<string, string>) {
  return spawnSync(process.execPath, [join(ROOT, 'scripts', 'run.mjs'), command], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
  })
}

const NPM = { npm_config_user_agent: 'npm/11.0.0 node/v24.0.0' }

it.each([
  ['start', { npm_config_fresh: 'true' }, 'npm start -- --fresh …'],
  ['start', { npm_config_probe: '' }, 'npm start -- --no-probe …'],
  ['shop', { npm_config_since: 'true' }, 'npm run shop -- --since …'],
])('names the option of %s that npm took: %j', (command, eaten, right) => {
  const { status, stderr } = run(command, { ...NPM, ...eaten })

  expect(status).toBe(1)
  expect(stderr.trim()).toMatch(/^npm took --\S+ for itself\./)
  expect(stderr).toContain(right)
})
