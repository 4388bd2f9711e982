import { setTimeout as delay } from 'node:timers/promises'
import { descendants, signalIfThere } from '@lepton/local/process-info'
import { askDatabase } from '../collect/ask-database.ts'
import type { FaultSource } from './fault.ts'

const SLOW_MS = 800
const LOG_WRITER = `select pid from pg_stat_activity where backend_type = 'walwriter'`

/**
 * SIGKILL of PostgreSQL while its log waits in memory: a client that has the answer to a commit that was not flushed
 * got it too early. On a machine that only loses a process, the writer of the log must be slow to see it.
 * All of PostgreSQL goes at once, as with its machine: a process that waits for a lock that the writer held when it was stopped
 * would wait indefinitely, and keep the memory that a new server asks for.
 */
export const crashUnflushed: FaultSource = (shop) => ({
  title: 'SIGKILL postgres, its log writer being slow',
  target: 'postgres',
  begin: async () => {
    const [writer] = await askDatabase(shop.adminUrl(), (ask) => ask<{ pid: number }>(LOG_WRITER))
    process.kill(writer!.pid, 'SIGSTOP')
    await delay(SLOW_MS)
    const pid = shop.servers().find(({ name }) => name === 'postgres')?.pid
    const others = pid === undefined ? [] : descendants(pid)
    shop.killServer('postgres', 'SIGKILL')
    for (const one of [writer!.pid, ...others]) signalIfThere(one, 'SIGKILL')
    return undefined
  },
})
