import { afterAll, describe, jest } from '@jest/globals'
import { closeBrowser } from '../browser/browser.ts'
import { breaking } from '../browser/breaking.ts'
import { chinese } from '../browser/chinese.ts'
import { identity } from '../browser/identity.ts'
import { keyboard } from '../browser/keyboard.ts'
import { looks } from '../browser/looks.ts'
import { missing } from '../browser/missing.ts'
import { patterns } from '../browser/patterns.ts'
import { pictures } from '../browser/pictures.ts'
import { repairing } from '../browser/repairing.ts'
import { restarting } from '../browser/restarting.ts'
import { shopping } from '../browser/shopping.ts'
import { consulUsers } from '../hostile/consul-users.ts'
import { forgedEvents } from '../hostile/forged-events.ts'
import { hostile } from '../hostile/hostile.ts'
import { innocent } from '../hostile/innocent.ts'
import { databaseRoles } from '../hostile/database-roles.ts'
import { kafkaUsers } from '../hostile/kafka-users.ts'
import { pagesOfMetrics } from '../hostile/pages-of-metrics.ts'
import { readEvents } from '../hostile/read-events.ts'
import { books } from './books.ts'
import { buying } from './buying.ts'
import { clientLibrary } from './client-library.ts'
import { consoleJourneys } from './console.ts'
import { demo } from './demo.ts'
import { faults } from './faults.ts'
import { foreign } from './foreign.ts'
import { httpFile } from './http-file.ts'
import { losses } from './losses.ts'
import { operating } from './operating.ts'
import { participants } from './participants.ts'
import { processor } from './processor.ts'
import { refusing } from './refusing.ts'
import { repeating } from './repeating.ts'
import { settling } from './settling.ts'
import { tracing } from './tracing.ts'
import { twoPhase, twoPhaseFaults } from './two-phase.ts'
import { seeds } from './seeds.ts'
import { windows } from './windows.ts'
import { leave } from './world.ts'

// One file, since order matters: journeys of people run side by side, then faults one after the other, then attacks,
// and then the books are compared. Jest keeps the order within a file, and promises none between files.
jest.setTimeout(120_000)

describe('a shopper', () => {
  describe('buys', buying)
  describe('cancels, refunds, pays later', settling)
  describe('repeats', repeating)
  describe('meets the card processor’s moods', processor)
  describe('errs', refusing)
  describe('is followed through all services', tracing)
  describe('tries things out', demo)
  describe('uses the client library', clientLibrary)
  describe('reads the documentation', httpFile)
  describe('reads what the shop was built from', seeds)
})
describe('a shopper in two phases', twoPhase)
describe('a person with a browser', () => {
  describe('shops', shopping)
  describe('reads Chinese: it', chinese)
  describe('is who they are', identity)
  describe('looks at every page, and', looks)
  describe('breaks things, and', breaking)
  describe('leaves patterns out, and', patterns)
  describe('repairs things: it', repairing)
  describe('has nothing but a keyboard, and', keyboard)
  describe('has pages open: one', restarting)
  describe('misses a service: one', missing)
  describe('takes the pictures of the README: they', pictures)
})
describe('the shop', faults)
describe('the shop', losses)
describe('the shop in two phases', twoPhaseFaults)
describe('what operators see and do', operating)
describe('what operators set', consoleJourneys)
describe('a foreign service', foreign)
describe('a foreign participant', participants)
describe('a hostile client', hostile)
describe('an innocent guest beside it', innocent)
describe('one who reaches Kafka', forgedEvents)
describe('one who reads Kafka', readEvents)
describe('a service that was taken over', kafkaUsers)
describe('the role of a service in its database', databaseRoles)
describe('one who reaches Consul', consulUsers)
describe('the books', books)
describe('the figures of the streams', windows)
describe('the pages of metrics', pagesOfMetrics)

afterAll(async () => {
  await closeBrowser()
  await leave()
})
