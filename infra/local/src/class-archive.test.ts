import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { classArchive } from './class-archive.ts'

let cache: string
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'lepton-archive-'))
})
afterEach(() => rmSync(cache, { recursive: true }))

const open = (classPath = '/jars/*') => classArchive(cache, process.execPath, classPath)
const fileIn = ([flag = '']: string[]) => flag.slice(flag.indexOf('=') + 1)

describe('an archive of classes', () => {
  it('is written as the first Java ends, and read by the next', () => {
    const first = open()
    expect(first.flags).toEqual([expect.stringMatching('^-XX:ArchiveClassesAtExit=')])
    writeFileSync(fileIn(first.flags), 'classes')
    first.ended(true)

    const { flags } = open()
    expect(flags).toEqual([expect.stringMatching('^-XX:SharedArchiveFile=')])
    expect(readFileSync(fileIn(flags), 'utf8')).toBe('classes')
  })

  it('is none where the Java that wrote it was ended by force', () => {
    const first = open()
    writeFileSync(fileIn(first.flags), 'cla')
    first.ended(false)

    expect(readdirSync(cache)).toEqual([])
    expect(open().flags).toEqual([expect.stringMatching('ArchiveClassesAtExit')])
  })

  it('may be missing, as with a Java that cannot write one', () => {
    const first = open()
    expect(() => first.ended(true)).not.toThrow()
    expect(existsSync(fileIn(first.flags))).toBe(false)
  })

  it('is another one for other jars', () => {
    expect(fileIn(open('/other/*').flags)).not.toBe(fileIn(open().flags))
  })
})
