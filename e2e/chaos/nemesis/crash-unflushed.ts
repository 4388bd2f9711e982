import { setTimeout as delay } from 'node:timers/promises'
import { askDatabase } from '../collect/ask-database.ts'
import type { FaultSource } from './fault.ts'

const SLOW_MS = 800
const LOG_WRITER = `select pid from pg_stat_activity where backend_type = 'walwriter'`

/**
 * SIGKILL of PostgreSQL while its log waits in memory: whoever was told of a commit that was not flushed has
 * been told too early. On a machine that only loses a process, the writer of the log must be slow to see it.
 */
export const crashUnflushed: FaultSource = (shop) => ({
  title: 'SIGKILL postgres, its log writer being slow',
  target: 'postgres',
  begin: async () => {
    const [writer] = await askDatabase(shop.adminUrl, (ask) => ask<{ pid: number }>(LOG_WRITER))
    process.kill(writer!.pid, 'SIGSTOP')
    await delay(SLOW_MS)
    shop.killServer('postgres', 'SIGKILL')
    process.kill(writer!.pid, 'SIGKILL')
    return undefined
  },
})
