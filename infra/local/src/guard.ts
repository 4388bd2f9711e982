import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'

/**
 * A small process that outlives the launcher by a moment: when the launcher is gone, however it went, it signals
 * every process listed in `file` (lines of "pid signal"). It serves systems that cannot tether a child, and
 * processes that are stopped and so cannot react to a signal.
 */
const SCRIPT = `
cat >/dev/null
while read -r pid signal; do kill -s CONT "$pid"; kill -s "$signal" "$pid"; done <"$0" 2>/dev/null
`

/** Starts the guard; the result ends it without a signal to anybody. */
export function startGuard(file: string): () => void {
  const guard = spawn('sh', ['-c', SCRIPT, file], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  guard.on('error', () => undefined)
  guard.unref()
  ;(guard.stdin as Socket | null)?.unref()
  return () => guard.kill('SIGKILL')
}
