import { describe, expect, it } from '@jest/globals'
import { type ChaosArgs, parseChaosArgs } from './args.ts'
import { FAULT_KINDS } from './nemesis/fault.ts'

describe('the command line', () => {
  it('attacks with everything for a minute when nothing is said', () => {
    expect(parseChaosArgs([], () => 0.5)).toMatchObject({
      seed: 500_000,
      minutes: 1,
      profile: 'fast',
      faults: FAULT_KINDS,
      suite: 'random',
      keep: false,
    })
  })

  it('takes what it is given', () => {
    const args =
      '--seed 7 --minutes 3 --profile slow --faults kill,network --workers 8 --mutants --only inbox --keep'
    expect(parseChaosArgs(args.split(' '))).toMatchObject({
      seed: 7,
      minutes: 3,
      profile: 'slow',
      faults: ['kill', 'network'],
      workers: 8,
      suite: 'mutants',
      only: ['inbox'],
      keep: true,
    })
  })

  it('leaves the shop in peace for --faults none', () => {
    expect(parseChaosArgs(['--faults', 'none'])).toMatchObject({ faults: [] })
  })

  it('takes failpoints by the beginning of their names', () => {
    const args = ['--failpoints', '--only', 'relay,psp.after_call']
    expect(parseChaosArgs(args)).toMatchObject({ suite: 'failpoints', only: ['relay', 'psp.after_call'] })
  })

  it('loses machines where there are some, and leaves out what needs servers of the shop', () => {
    const { faults } = parseChaosArgs(['--servers', 'threes']) as ChaosArgs
    expect(faults).toEqual([...FAULT_KINDS.filter((kind) => kind !== 'servers'), 'power-off', 'cable'])
  })

  it.each([
    '--servers fours',
    '--servers threes --races',
    '--servers threes --faults kill,servers',
    '--faults cable',
    '--faults flood',
    '--profile calm',
    '--minutes some',
    '--what',
    '--mutants --only inbox,outbux',
    '--failpoints --only help',
    '--only inbox',
    '--record somewhere',
  ])('refuses %s', (line) => {
    expect(() => parseChaosArgs(line.split(' '))).toThrow()
  })
})
