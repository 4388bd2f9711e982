import { closeSync, createReadStream, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { CannotStart } from './cannot-start.ts'
import { createLineReader, matches, toReadable, type LogFilter, type LogLine } from './log-lines.ts'
import { SERVER_NAMES } from './server.ts'

const FOLLOW_POLL_MS = 200

export type LogQuery = LogFilter & {
  /** Services or instances; every instance of every service when there is none. */
  names: readonly string[]
  /** How many lines at most, the newest. */
  lines: number
  isRaw: boolean
  isFollowing: boolean
}

/**
 * Shows what the processes of a shop have logged, in the order of time; it need not run any more.
 *
 * @throws CannotStart when no file has one of the names
 */
export async function showLogs(
  folder: string,
  query: LogQuery,
  print: (line: string) => void,
): Promise<void> {
  const names = chosen(folder, query.names)
  const show = (line: LogLine) => print(query.isRaw ? line.text : toReadable(line))
  const ends = new Map(names.map((name) => [name, sizeOf(join(folder, `${name}.log`))]))
  const found = (await Promise.all(names.map((name) => past(folder, name, query)))).flat()
  // The order of equal times within a process is kept.
  for (const line of found.sort((left, right) => left.timeMs - right.timeMs).slice(-query.lines)) show(line)
  if (query.isFollowing) await follow(folder, ends, query, show)
}

function chosen(folder: string, wanted: readonly string[]): string[] {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.log')) : []
  const names = files.map((file) => file.slice(0, -'.log'.length))
  const isServer = (name: string) => (SERVER_NAMES as readonly string[]).includes(name)
  if (wanted.length === 0) {
    const services = names.filter((name) => !isServer(name))
    if (services.length > 0) return services
    throw new CannotStart(`There are no logs in ${folder}: no shop has run there.`)
  }
  const unknown = wanted.find((name) => !names.some((file) => file === name || file.startsWith(`${name}-`)))
  if (unknown !== undefined) throw new CannotStart(`There is no log of ${unknown} in ${folder}.`)
  return names.filter((file) => wanted.some((name) => file === name || file.startsWith(`${name}-`)))
}

/** The newest lines of a process that match, out of its file and the one before it. */
async function past(folder: string, name: string, query: LogQuery): Promise<LogLine[]> {
  const read = createLineReader(name)
  let found: LogLine[] = []
  for (const file of [`${name}.log.1`, `${name}.log`]
    .map((entry) => join(folder, entry))
    .filter(existsSync)) {
    for await (const text of createInterface({ input: createReadStream(file) })) {
      const line = read(text)
      if (text !== '' && matches(line, query)) found.push(line)
      if (found.length > 2 * query.lines) found = found.slice(-query.lines)
    }
  }
  return found.slice(-query.lines)
}

async function follow(
  folder: string,
  ends: Map<string, number>,
  query: LogQuery,
  show: (line: LogLine) => void,
) {
  const tails = [...ends].map(([name, end]) => ({
    file: join(folder, `${name}.log`),
    read: createLineReader(name),
    end,
    rest: Buffer.alloc(0),
  }))
  for (;;) {
    await delay(FOLLOW_POLL_MS)
    for (const tail of tails) {
      const size = sizeOf(tail.file)
      // A shorter file was rotated: what it holds is new.
      if (size < tail.end) tail.end = 0
      const bytes = Buffer.concat([tail.rest, readPart(tail.file, tail.end, size)])
      const cut = bytes.lastIndexOf('\n') + 1
      tail.end = size
      tail.rest = bytes.subarray(cut)
      for (const text of bytes.subarray(0, cut).toString().split('\n')) {
        const line = tail.read(text)
        if (text !== '' && matches(line, query)) show(line)
      }
    }
  }
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0
}

function readPart(file: string, start: number, end: number): Buffer {
  if (end <= start) return Buffer.alloc(0)
  const descriptor = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(end - start)
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, start))
  } finally {
    closeSync(descriptor)
  }
}
