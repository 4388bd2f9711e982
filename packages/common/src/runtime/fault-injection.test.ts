import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { failpoint, InjectedFault, injectFaults } from './fault-injection.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lepton-failpoints-'))
})
afterEach(() => {
  injectFaults('order', { LEPTON_ENV: 'development' })
  rmSync(folder, { recursive: true })
})

describe('a failpoint', () => {
  it('acts once for each time it is armed', () => {
    injectFaults('order', { LEPTON_ENV: 'development', FAILPOINTS_DIR: folder })
    writeFileSync(join(folder, 'order.relay.after_send'), 'throw')
    expect(() => failpoint('relay.after_send')).toThrow(InjectedFault)
    expect(() => failpoint('relay.after_send')).not.toThrow()
    expect(existsSync(join(folder, 'order.relay.after_send'))).toBe(false)
  })

  it('leaves alone what is armed for another service or another place', () => {
    injectFaults('order', { LEPTON_ENV: 'development', FAILPOINTS_DIR: folder })
    writeFileSync(join(folder, 'payment.relay.after_send'), 'throw')
    writeFileSync(join(folder, 'relay.after_delete'), 'throw')
    expect(() => failpoint('relay.after_send')).not.toThrow()
    expect(() => failpoint('relay.after_delete')).toThrow(InjectedFault)
  })
})

it('nothing is harmed in production', () => {
  const settings = { LEPTON_ENV: 'production', FAILPOINTS_DIR: folder } as const
  expect(() => injectFaults('order', settings)).toThrow(/development only/)
})
