import type { Socket } from 'node:net'
import type { Server } from 'node:tls'

/** What a connection with TLS begins with (RFC 8446, 5.1). */
const HANDSHAKE = 22

/** Lets a server take connections without TLS, too, on the same port: the first byte says which one it is. */
export function takePlain(server: Server, firstByteWithinMs: number): void {
  const secure = server.listeners('connection') as ((socket: Socket) => void)[]
  const ignore = () => undefined
  function expire(this: Socket): void {
    this.destroy()
  }

  function look(socket: Socket): void {
    const first = socket.read(1) as Buffer | null
    if (first === null) return void socket.once('readable', () => look(socket))
    socket.setTimeout(0).off('timeout', expire)
    socket.unshift(first)
    socket.off('error', ignore)
    if (first[0] === HANDSHAKE) for (const listener of secure) listener.call(server, socket)
    // To what follows, this is a connection whose handshake is over.
    else server.emit('secureConnection', socket)
  }

  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    socket.on('error', ignore)
    socket.setTimeout(firstByteWithinMs).once('timeout', expire)
    look(socket)
  })
}
