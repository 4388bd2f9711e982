import { connect, type Socket } from 'node:net'

interface Answered {
  status: number
  hasRetryAfter: boolean
  ms: number
}

export interface OpenLoop {
  /** Sends a request now, however many are unanswered. */
  post(path: string, headers: Record<string, string>, body: string): Promise<Answered>
  close(): void
}

interface Waiting {
  startedAt: number
  resolve: (answered: Answered) => void
  reject: (error: Error) => void
}

/**
 * The cheapest client there can be: one request at a time on each kept connection, and as many connections as it
 * needs. What measures an overload must take little of what it measures, or it measures itself.
 */
export function createOpenLoop(url: string): OpenLoop {
  const { hostname, port, host } = new URL(url)
  const idle: Socket[] = []
  const all = new Set<Socket>()
  const waiting = new Map<Socket, Waiting>()

  function open(): Socket {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    let received = ''
    all.add(socket)
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      received += chunk
      const answer = wholeAnswer(received)
      if (answer === undefined) return
      received = ''
      const { startedAt, resolve } = waiting.get(socket)!
      waiting.delete(socket)
      idle.push(socket)
      resolve({ ...answer, ms: performance.now() - startedAt })
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      all.delete(socket)
      const at = idle.indexOf(socket)
      if (at !== -1) idle.splice(at, 1)
      waiting.get(socket)?.reject(new Error('the connection was closed'))
      waiting.delete(socket)
    })
    return socket
  }

  return {
    post: (path, headers, body) =>
      new Promise((resolve, reject) => {
        const socket = idle.pop() ?? open()
        waiting.set(socket, { startedAt: performance.now(), resolve, reject })
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
        socket.write(
          `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${lines.join('')}\r\n${body}`,
        )
      }),
    close: () => {
      for (const socket of all) socket.destroy()
    },
  }
}

/** The answer, once its last byte is there. */
function wholeAnswer(received: string): Omit<Answered, 'ms'> | undefined {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const head = received.slice(0, end)
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
  if (received.length < end + 4 + length) return undefined
  return { status: Number(head.slice(9, 12)), hasRetryAfter: /\r\nretry-after: /i.test(head) }
}
