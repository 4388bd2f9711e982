import pino from 'pino'
import { currentTrace } from './trace.ts'

export type Log = pino.Logger

/**
 * A logger that writes JSON lines to stdout, each with the request and trace it belongs to.
 *
 * Writes are synchronous: the last line before a crash is the one that matters most.
 * Credentials are removed by name, wherever a log call puts them at the first or second level.
 */
export function createLog({
  service,
  instance,
  level,
}: {
  service: string
  instance: string
  level: string
}): Log {
  const secret = ['authorization', 'cookie', 'payment_token', 'token', 'password', 'secret']
  return pino({
    level,
    base: { service, instance },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: secret.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    mixin: () => {
      const trace = currentTrace()
      return trace === undefined ? {} : { trace_id: trace.trace_id, request_id: trace.request_id }
    },
  })
}
