import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { ConfigError, fileContent, filePath, loadConfig, whole } from './config.ts'

const schema = z.object({
  URL: z.url(),
  TIMEOUT_MS: whole(500, { max: 1_000 }),
  NAME: z.string(),
  KEY: fileContent().optional(),
  TOKEN_FILE: filePath().optional(),
})

describe('settings', () => {
  it('are read once, with their defaults, and frozen', () => {
    const settings = loadConfig(schema, { URL: 'http://a', NAME: 'n', OTHER: 'ignored' })
    expect(settings).toEqual({ URL: 'http://a', TIMEOUT_MS: 500, NAME: 'n' })
    expect(Object.isFrozen(settings)).toBe(true)
  })

  it('that are wrong are named all together', () => {
    const load = () =>
      loadConfig(schema, { URL: 'no url', TIMEOUT_MS: '2000', KEY: '/no/such/file', TOKEN_FILE: '/none' })
    expect(load).toThrow(ConfigError)
    expect(load).toThrow(
      /URL:[\s\S]*TIMEOUT_MS:[\s\S]*NAME:[\s\S]*KEY: cannot be read[\s\S]*TOKEN_FILE: cannot be read/,
    )
  })

  it('that are empty count as absent', () => {
    expect(loadConfig(schema, { URL: 'http://a', NAME: 'n', TIMEOUT_MS: '' }).TIMEOUT_MS).toBe(500)
    expect(() => loadConfig(schema, { URL: 'http://a', NAME: '' })).toThrow('NAME')
  })
})
