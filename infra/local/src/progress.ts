import type { Progress, Shop } from './shop-types.ts'

/** Prints one line for each step and for what happens later. */
export function printProgress(
  progress: Progress,
  write = (line: string) => void process.stdout.write(line),
): void {
  switch (progress.type) {
    case 'done':
      return write(`  ${progress.step.padEnd(58)} ${seconds(progress.tookMs)}\n`)
    case 'note':
      return write(`  … ${progress.message}\n`)
    case 'crashed': {
      const { name, reason, restartInMs, logFile } = progress
      return write(
        `  ${name} ended (${reason}), starts again in ${seconds(restartInMs)}; its log: ${logFile}\n`,
      )
    }
    case 'recovered':
      return write(`  ${progress.name} is ready again after ${seconds(progress.afterMs)}\n`)
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
