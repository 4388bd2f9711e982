import { readFile } from 'node:fs/promises'
import type { Log } from '../../runtime/log.ts'
import type { CredentialSource } from './credentials.ts'

export interface CredentialFiles {
  cert: string
  key: string
  ca: string
}

/** How often the files are read: whatever replaces them need not say so. */
const READ_EVERY_MS = 5_000

/** Certificates of another authority, from files that something else replaces before they expire. */
export function fileCredentials(
  files: CredentialFiles,
  { log, readEveryMs = READ_EVERY_MS }: { log: Log; readEveryMs?: number },
): CredentialSource {
  return {
    follow(listener) {
      let last = ''
      let isClosed = false
      let reading = read()
      const timer = setInterval(() => void (reading = read()), readEveryMs).unref()

      async function read(): Promise<void> {
        try {
          const [cert, key, ca] = await Promise.all(
            [files.cert, files.key, files.ca].map((path) => readFile(path, 'utf8')),
          )
          const text = JSON.stringify([cert, key, ca])
          if (text === last || isClosed) return
          last = text
          listener({ cert: cert!, key: key!, ca: [ca!], trustDomains: [] })
        } catch (error) {
          log.warn({ err: error }, 'the certificate cannot be read: the last one stays')
        }
      }

      return {
        async close() {
          isClosed = true
          clearInterval(timer)
          await reading
        },
      }
    },
  }
}
