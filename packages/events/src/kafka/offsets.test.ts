import { describe, expect, it } from '@jest/globals'
import { silentLog } from '@lepton/testing/log'
import { until } from '@lepton/testing/until'
import { type Commit, createOffsets } from './offsets.ts'

/** A group that takes commits only when it is open. */
function createGroup() {
  const committed: string[] = []
  const group = { committed, isOpen: true, asked: 0 }
  const commit: Commit = ({ topics }) => {
    group.asked++
    if (!group.isOpen) return Promise.reject(new Error('who are you?'))
    for (const { topic, partitions } of topics) {
      committed.push(...partitions.map(({ partition, offset }) => `${topic}/${partition}@${offset}`))
    }
    return Promise.resolve()
  }
  return { group, commit }
}

describe('finished offsets', () => {
  it('are committed together, each as the next one to read', async () => {
    const { group, commit } = createGroup()
    const offsets = createOffsets(1, silentLog)
    for (const offset of ['3', '4']) offsets.done({ topic: 'a', partition: 0, offset }, commit)
    offsets.done({ topic: 'a', partition: 1, offset: '7' }, commit)
    await until('they are committed', () => group.committed.length > 0)

    expect(group.committed).toEqual(['a/0@5', 'a/1@8'])
    await offsets.close()
  })

  it('are committed again when they were not taken', async () => {
    const { group, commit } = createGroup()
    const offsets = createOffsets(1, silentLog)
    group.isOpen = false
    offsets.done({ topic: 'a', partition: 0, offset: '3' }, commit)
    await until('two refusals', () => group.asked >= 2)
    group.isOpen = true
    await until('they are committed', () => group.committed.length > 0)

    expect(group.committed).toEqual(['a/0@4'])
    await offsets.close()
  })

  it('are never committed to another generation, whose log may be another', async () => {
    const { group, commit } = createGroup()
    const offsets = createOffsets(1, silentLog)
    group.isOpen = false
    offsets.done({ topic: 'a', partition: 0, offset: '99' }, commit)
    await until('a refusal', () => group.asked >= 1)
    offsets.forget()
    group.isOpen = true
    offsets.done({ topic: 'a', partition: 1, offset: '0' }, commit)
    await offsets.close()

    expect(group.committed).toEqual(['a/1@1'])
  })
})
