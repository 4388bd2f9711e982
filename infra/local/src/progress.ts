import type { Progress, Shop } from './shop-types.ts'

/** Prints one line for each step and for what happens later. */
export function printProgress(progress: Progress): void {
  process.stdout.write(`  ${describe(progress)}\n`)
}

function describe(progress: Progress): string {
  switch (progress.type) {
    case 'done':
      return `${progress.step.padEnd(58)} ${seconds(progress.tookMs)}`
    case 'note':
      return `… ${progress.message}`
    case 'crashed': {
      const { name, reason, restartInMs, logFile } = progress
      return `${name} ended (${reason}), starts again in ${seconds(restartInMs)}; its log: ${logFile}`
    }
    case 'recovered':
      return `${progress.name} is ready again after ${seconds(progress.afterMs)}`
    default:
      return progress satisfies never
  }
}

export function printUrls({ urls, operatorSecretFile }: Shop): void {
  process.stdout.write(`
  shop      ${urls.gateway}
  API       ${urls.docs}
  Consul    ${urls.consul}
  operator  the secret is in ${operatorSecretFile}

`)
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
