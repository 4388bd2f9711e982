import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { expect, it } from '@jest/globals'
import { weigh } from './priority.ts'

const hasGroups = existsSync('/proc/self/autogroup')

it('weighs a process, and the scheduling group of its session where Linux has them', () => {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
  try {
    weigh(child.pid!, 7)

    expect(getPriority(child.pid)).toBe(7)
    if (hasGroups) expect(readFileSync(`/proc/${child.pid}/autogroup`, 'utf8')).toContain('nice 7')
  } finally {
    child.kill('SIGKILL')
  }
})

it('lets a process be that has ended', () => {
  expect(() => weigh(2 ** 22 - 1, 5)).not.toThrow()
})
