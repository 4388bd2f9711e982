import pino from 'pino'
import { currentTrace } from './trace.ts'

export type Log = pino.Logger

/** Of lines that cannot be written; those beyond are lost. */
const MAX_WAITING_BYTES = 1_048_576

/**
 * A logger that writes JSON lines to stdout by default, each with the request and trace it belongs to.
 *
 * Writes are synchronous: the last line before a crash is the one that matters most.
 * Credentials are removed by name, wherever a log call puts them at the first or second level. A fault is written
 * without the connection that pg's pool hangs on it: a page of state, with the key to cancel its statements.
 */
export function createLog(
  { service, instance, level }: { service: string; instance: string; level: string },
  destination: pino.DestinationStream = logTo(process.stdout.fd),
): Log {
  const secret = ['authorization', 'cookie', 'payment_token', 'token', 'password', 'secret']
  const options: pino.LoggerOptions = {
    level,
    base: { service, instance },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: withoutConnection },
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: secret.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    mixin: () => {
      const trace = currentTrace()
      return trace === undefined ? {} : { trace_id: trace.trace_id, request_id: trace.request_id }
    },
    // What a call says of a trace goes before what its process happens to work on.
    mixinMergeStrategy: (said, mixedIn) => ({ ...mixedIn, ...said }),
  }
  return pino(options, destination)
}

/**
 * Writes to an open file, each line at once. What cannot be written, as on a full disk, waits for the next line that can,
 * up to a bound: it must not end the process.
 */
export function logTo(fd: number): ReturnType<typeof pino.destination> {
  const destination = pino.destination({ dest: fd, sync: true, maxLength: MAX_WAITING_BYTES })
  destination.on('error', () => undefined)
  return destination
}

function withoutConnection(error: Error): object {
  const { client: _client, ...fault } = pino.stdSerializers.err(error) as object & { client?: unknown }
  return fault
}
