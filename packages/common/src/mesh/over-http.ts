import { IncomingMessage, type OutgoingHttpHeaders, type RequestListener, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { noteCaller } from './tls/callers.ts'
import type { Inbound, InboundHandler, Outbound } from './inbound.ts'

/**
 * Lets any `node:http` app answer requests that came in by another transport: it gets a request and a response as
 * from a server, without a byte of HTTP being written. Answers are whole; what streams needs HTTP itself.
 */
export function overHttp(listener: RequestListener): InboundHandler {
  return (inbound) =>
    new Promise((resolve) => {
      const req = requestOf(inbound)
      const res = new ServerResponse(req)
      capture(res, resolve)
      const giveUp = () => {
        if (res.writableEnded) return
        req.destroy()
        res.emit('close')
      }
      inbound.signal.addEventListener('abort', giveUp, { once: true })
      listener(req, res)
    })
}

function requestOf({ method, path, headers, body, remoteAddress, caller }: Inbound): IncomingMessage {
  const socket = new Socket()
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress })
  noteCaller(socket, caller)
  const req = new IncomingMessage(socket)
  req.method = method
  req.url = path
  req.httpVersion = '1.1'
  // Parsers of bodies go by it.
  req.headers = {
    host: 'frames',
    ...headers,
    ...(body.length > 0 && { 'content-length': String(body.length) }),
  }
  if (body.length > 0) req.push(body)
  req.push(null)
  req.complete = true
  return req
}

/** Own properties, since apps such as Express replace the prototype of a response. */
function capture(res: ServerResponse, onAnswer: (answer: Outbound) => void): void {
  const chunks: Buffer[] = []
  let isEnded = false

  function take(chunk: unknown, encoding: unknown): void {
    if (typeof chunk === 'string')
      chunks.push(Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'))
    else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk))
  }

  function setHeaders(headers: OutgoingHttpHeaders | undefined): void {
    for (const [name, value] of Object.entries(headers ?? {}))
      if (value !== undefined) res.setHeader(name, value)
  }

  const own: PropertyDescriptorMap = {
    headersSent: { get: () => isEnded },
    writableEnded: { get: () => isEnded },
    writableFinished: { get: () => isEnded },
    flushHeaders: { value: () => undefined },
    writeHead: {
      value: (status: number, reason?: string | OutgoingHttpHeaders, headers?: OutgoingHttpHeaders) => {
        res.statusCode = status
        setHeaders(typeof reason === 'string' ? headers : reason)
        return res
      },
    },
    write: {
      value: (chunk: unknown, encoding?: unknown) => {
        take(chunk, encoding)
        return true
      },
    },
    end: {
      value: (chunk?: unknown, encoding?: unknown) => {
        if (isEnded) return res
        take(chunk, encoding)
        isEnded = true
        const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
        onAnswer({ status: res.statusCode, headers: res.getHeaders(), body })
        res.emit('finish')
        res.emit('close')
        return res
      },
    },
  }
  Object.defineProperties(res, own)
}
