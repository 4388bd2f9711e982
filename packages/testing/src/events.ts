export interface ServerEvent {
  event: string
  data: unknown
  id?: string
}

export interface EventReader {
  status: number
  headers: Headers
  /** The next event; undefined when the stream has ended. */
  next(): Promise<ServerEvent | undefined>
  /** Everything that is still to come. */
  rest(): Promise<ServerEvent[]>
  /** The text of the answer where it is no stream. */
  text: string
  close(): void
}

/** Reads server-sent events as a browser does. */
export async function openEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const aborter = new AbortController()
  const answer = await fetch(url, { headers: { connection: 'close', ...headers }, signal: aborter.signal })
  const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') ?? false
  // What is not read keeps its connection.
  const text = isStream ? '' : await answer.text()
  const events = parse(isStream ? answer.body! : new Blob([]).stream())
  async function next() {
    const result = await events.next()
    return result.done === true ? undefined : result.value
  }
  return {
    status: answer.status,
    headers: answer.headers,
    next,
    async rest() {
      const all: ServerEvent[] = []
      for await (const event of events) all.push(event)
      return all
    },
    text,
    close: () => aborter.abort(),
  }
}

async function* parse(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent, void> {
  let text = ''
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop()!
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
      )
      const data = fields.get('data')
      if (data === undefined) continue
      const id = fields.get('id')
      yield {
        event: fields.get('event') ?? 'message',
        data: JSON.parse(data) as unknown,
        ...(id !== undefined && { id }),
      }
    }
  }
}
