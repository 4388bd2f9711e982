/** Before a broken stream is opened again, in ms; a random part of it more, or all browsers would come back at once. */
const RETRY_MS = 1_000

/**
 * One connection for all tabs of a browser, which has six for a whole shop: the tab that holds the lock reads the stream and
 * passes its events on; when it closes, another takes over. Without locks each tab reads for itself.
 */
export function shareEvents<T>(url: string, event: string, onEvent: (data: T) => void): () => void {
  const leaving = new AbortController()
  if (typeof navigator.locks === 'undefined') {
    listen<T>(url, event, leaving.signal, onEvent)
    return () => leaving.abort()
  }
  const channel = new BroadcastChannel(url)
  channel.onmessage = ({ data }) => onEvent(data as T)
  const lead = () =>
    new Promise<void>((resolve) => {
      listen<T>(url, event, leaving.signal, (data) => {
        channel.postMessage(data)
        onEvent(data)
      })
      leaving.signal.addEventListener('abort', () => resolve())
    })
  // Rejected when this tab leaves before its turn.
  navigator.locks.request(url, { signal: leaving.signal }, lead).catch(() => undefined)
  return () => {
    leaving.abort()
    channel.close()
  }
}

function listen<T>(url: string, event: string, signal: AbortSignal, onEvent: (data: T) => void): void {
  if (signal.aborted) return
  const source = new EventSource(url)
  let timer: ReturnType<typeof setTimeout> | undefined
  source.addEventListener(event, ({ data }) => onEvent(JSON.parse(data as string) as T))
  source.onerror = () => {
    // The browser itself tries again, except where the shop refused.
    if (source.readyState !== EventSource.CLOSED) return
    timer = setTimeout(() => listen(url, event, signal, onEvent), RETRY_MS * (1 + Math.random()))
  }
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
    source.close()
  })
}
