import type { Caller } from '@lepton/common/http/auth'
import { bye, leaveStream, startStream } from '@lepton/common/http/event-stream'
import type { RouteDefinition } from '@lepton/contracts/route'
import type { RequestHandler, Response } from 'express'
import type { Readable } from 'node:stream'
import type { GatewayDeps } from './deps.ts'
import { ask, pass } from './forward.ts'
import { ACCESS_S } from './identity.ts'

/** Passes an owner's events on as they come, until the client leaves or one of the three processes ends. */
export function forwardStream(deps: GatewayDeps, route: RouteDefinition): RequestHandler {
  return async (req, res) => {
    const gone = new AbortController()
    res.once('close', () => gone.abort())
    const caller = res.locals.caller as Caller | undefined
    const answer = await ask(deps, route, { caller, req, path: req.url }, gone.signal)
    if (answer.stream === undefined) return pass(res, answer)
    try {
      // The client comes back with a token of a session that has not ended.
      const expired = AbortSignal.timeout(leftMs(caller))
      passStream(res, answer.stream, AbortSignal.any([deps.streams.enter(res), expired]))
    } catch (error) {
      gone.abort()
      throw error
    }
  }
}

function leftMs(caller: Caller | undefined): number {
  return caller === undefined ? ACCESS_S * 1_000 : Math.max(0, caller.expires_at * 1_000 - Date.now())
}

function passStream(res: Response, events: Readable, stopping: AbortSignal): void {
  let tail = '\n\n'
  startStream(res)
  if (res.req.method === 'HEAD') return void res.end()
  const leave = () => {
    // A half of an event must not be completed by ours.
    if (tail === '\n\n') res.write(bye('stopping'))
    leaveStream(res)
  }
  stopping.addEventListener('abort', leave)
  res.once('close', () => stopping.removeEventListener('abort', leave))
  res.on('drain', () => events.resume())
  events.on('data', (chunk: Buffer) => {
    if (res.writableEnded) return
    tail = (tail + chunk.subarray(-2).toString('latin1')).slice(-2)
    if (!res.write(chunk)) events.pause()
  })
  // However the owner's instance ends: the client comes back, and another instance takes it.
  events.on('close', () => res.end())
  events.on('error', () => res.end())
}
