import type { Http2SecureServer, Http2Server, Http2Session } from 'node:http2'
import { closeGently } from '../serving.ts'

/** @returns lets requests in flight end, and takes no new ones */
export function trackSessions(server: Http2Server | Http2SecureServer): () => Promise<void> {
  const sessions = new Set<Http2Session>()
  server.on('session', (session: Http2Session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.on('error', () => undefined)
  })
  return () =>
    closeGently(server, {
      leave: () => sessions.forEach((session) => session.close()),
      cut: () => sessions.forEach((session) => session.destroy()),
    })
}
