import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import type { EventType } from './event.ts'
import { PUBLISHERS } from './services.ts'
import { TOPICS } from './topics.ts'

const samples = new URL('../samples/', import.meta.url)
const contracts = await Promise.all(
  PUBLISHERS.map((service): Promise<Record<string, unknown>> => import(`./${service}.ts`)),
)
const events = contracts
  .flatMap((module) => Object.values(module))
  .filter((value): value is EventType => typeof value === 'object' && value !== null && 'topic' in value)

function sample(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, samples), 'utf8'))
}

describe('every version of every event', () => {
  it.each(events.map((event) => [event.type, event] as const))('%s still reads its sample', (type, event) => {
    const content = sample(`${type}.json`)
    expect(event.data.parse(content)).toEqual(content)
  })

  it('has a sample, and every sample is of an event', () => {
    expect(readdirSync(samples).sort()).toEqual(events.map(({ type }) => `${type}.json`).sort())
  })

  it('is named owner.what_happened.version, and travels on its owner’s topic', () => {
    for (const { type, topic } of events) {
      expect(type).toMatch(/^[a-z]+\.[a-z_]+\.v\d+$/)
      expect(topic).toBe(`${type.split('.')[0]}.v1`)
      expect(Object.keys(TOPICS)).toContain(topic)
      expect(type).toMatch(/\.v[1-9]\d*$/)
    }
  })

  it('that names lines costs what they cost', () => {
    const priced = events
      .map((event) => ({ event, content: sample(`${event.type}.json`) as { amount_minor: number } }))
      .filter(({ content }) => 'lines' in content)
    expect(priced.map(({ event }) => event.type)).toEqual(['cart.checked_out.v1', 'order.placed.v1'])
    for (const { event, content } of priced) {
      expect(event.data.safeParse({ ...content, amount_minor: 1 }).error?.issues[0]?.path).toEqual([
        'amount_minor',
      ])
    }
  })

  it('ignores fields that a later version may add', () => {
    for (const event of events) {
      const content = sample(`${event.type}.json`) as object
      expect(event.data.parse({ ...content, added_later: true })).toEqual(content)
    }
  })
})
