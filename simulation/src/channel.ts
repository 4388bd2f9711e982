/** An event of one order on its way to one consumer. */
interface Message {
  name: string
  sequence: number
  /** A status answer tells the whole state: it may be applied over a gap. */
  isSnapshot: boolean
}

/**
 * The events of one order from one service to another, as consumers take them: in sequence, each once. What
 * is lost comes again later; what comes twice, or too early, does nothing then.
 */
export interface Channel {
  sent: number
  applied: number
  queue: Message[]
  lost: Message[]
  early: Message[]
  delivered: Message[]
}

export function createChannel(): Channel {
  return { sent: 0, applied: 0, queue: [], lost: [], early: [], delivered: [] }
}

export function send(channel: Channel, name: string, isSnapshot = false): void {
  channel.queue.push({ name, sequence: ++channel.sent, isSnapshot })
}

export function receive(channel: Channel, message: Message, apply: (name: string) => void): void {
  if (message.sequence <= channel.applied) return
  if (message.sequence > channel.applied + 1 && !message.isSnapshot) {
    channel.early.push(message)
    return
  }
  apply(message.name)
  channel.applied = message.sequence
  channel.delivered.push(message)
  const next = channel.early.findIndex(({ sequence }) => sequence === channel.applied + 1)
  if (next >= 0) receive(channel, channel.early.splice(next, 1)[0]!, apply)
}
