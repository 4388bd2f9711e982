import { execFileSync } from 'node:child_process'

/** Whether this machine has what tests of programs in another language run: not every machine does. */
export function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
