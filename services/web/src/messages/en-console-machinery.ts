import { n } from './en-plural.ts'

/** The console's pages about the machinery. */
export const machinery = {
  alarms: {
    nav: 'Alarms',
    firing: (names: string) => `Firing: ${names}.`,
    pending: (count: number) => `None is firing; ${n(count, 'is', 'are')} about to.`,
    quiet: (known: number, unknown: number) =>
      unknown === 0
        ? `None is firing; all ${known} that are watched here are as they should be.`
        : `None is firing; of ${n(unknown, 'alarm', 'alarms')} there is no data.`,
    list: 'What is watched',
    history: 'Raised and cleared',
    nothing: 'No alarm has been raised yet.',
    notKept: 'Consul does not answer: what is raised now would not survive a restart of ops.',
    noWebhook: 'Shown here only: no ALARM_WEBHOOK_URL is set.',
    webhook: (delivered: number, waiting: number, givenUp: number) =>
      `Webhook: ${delivered} delivered, ${waiting} waiting, ${givenUp} given up.`,
    states: {
      ok: 'ok',
      pending: 'pending',
      firing: 'firing',
      no_data: 'no data',
      elsewhere: 'only Prometheus looks back so far',
    },
    kinds: { raised: 'raised', cleared: 'cleared' },
    severities: { page: 'at once', ticket: 'this week' },
    silent: (time: string) => `silent for ${time}`,
    for: (seconds: number) => (seconds === 0 ? 'at once' : `for ${seconds} s`),
    limit: (over: 'above' | 'at_most', threshold: string) =>
      over === 'above' ? `> ${threshold}` : `≤ ${threshold}`,
    usual: (limit: string) => `usually ${limit}`,
    columns: {
      alarm: 'alarm',
      state: 'state',
      value: 'value',
      limit: 'threshold',
      severity: 'wants a person',
      acts: 'do',
      when: 'ago',
      what: 'what',
      kind: 'kind',
    },
    set: 'Set threshold',
    setOf: (name: string) => `Set threshold of ${name}`,
    silence: 'Silence',
    silenceOf: (name: string) => `Silence ${name}`,
    threshold: (unit: string) => `Threshold (${unit}); empty is the usual one`,
    units: { s: 'seconds', share: 'share, 0 to 1', count: 'count' },
    forS: 'For how long, in seconds; empty is as usual',
    silentS: 'For how long, in seconds; 0 ends the silence',
    silenceHint: 'It is raised and recorded all the same; nothing is delivered.',
    apply: 'Apply',
  },
}
