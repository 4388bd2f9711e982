import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { type Naming, serviceNamed } from './names.ts'

const callers = new WeakMap<object, string | undefined>()

/** For a socket that stands for one of another transport. */
export function noteCaller(socket: Socket, caller: string | undefined): void {
  callers.set(socket, caller)
}

/** The service at the other end, by its certificate; undefined where it has shown none. */
export function callerOn(socket: Socket, naming: Naming): string | undefined {
  if (callers.has(socket)) return callers.get(socket)
  const caller =
    socket instanceof TLSSocket
      ? serviceNamed(socket.getPeerX509Certificate()?.subjectAltName, naming)
      : undefined
  callers.set(socket, caller)
  return caller
}
