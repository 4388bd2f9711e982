import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { openState } from './state.ts'

it('says once that it cannot be written, and is written again with the next change', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lepton-state-'))
  const warnings: string[] = []
  const state = await openState(dir, { warn: (message) => warnings.push(message) })

  rmSync(dir, { recursive: true })
  state.recordProcess(1, 'KILL', 'order-1')
  state.writeRun({})
  expect(warnings).toEqual([expect.stringContaining('pids cannot be written, and is out of date: ENOENT')])

  mkdirSync(dir)
  state.recordProcess(2, 'INT', 'postgres')
  expect(readFileSync(state.pidsFile, 'utf8')).toMatch(/^1 KILL .* order-1\n2 INT .* postgres\n$/)
  rmSync(dir, { recursive: true })
})
