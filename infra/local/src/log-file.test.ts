import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { lastLines, openLog, rotateLogs } from './log-file.ts'

it('leaves a log that cannot be copied, and goes on with the others', () => {
  const dir = mkdtempSync(join(tmpdir(), 'lepton-log-'))
  for (const name of ['cart-1.log', 'order-1.log']) appendFileSync(join(dir, name), 'x'.repeat(100))
  mkdirSync(join(dir, 'cart-1.log.1'))

  rotateLogs(dir, 50)

  expect(statSync(join(dir, 'cart-1.log')).size).toBe(100)
  expect(statSync(join(dir, 'order-1.log')).size).toBe(0)
  rmSync(dir, { recursive: true })
})

it('keeps a log bounded while its writer goes on', () => {
  const dir = mkdtempSync(join(tmpdir(), 'lepton-log-'))
  const file = join(dir, 'order-1.log')
  const writer = openLog(file)
  writeSync(writer, `${'x'.repeat(100)}\n`)
  appendFileSync(join(dir, 'cart-1.log'), 'short\n')

  rotateLogs(dir, 50)
  writeSync(writer, 'goes on\n')

  expect(readFileSync(`${file}.1`, 'utf8')).toHaveLength(101)
  expect(lastLines(file, 5)).toEqual(['goes on'])
  expect(statSync(join(dir, 'cart-1.log')).size).toBe(6)
  closeSync(writer)
  rmSync(dir, { recursive: true })
})
