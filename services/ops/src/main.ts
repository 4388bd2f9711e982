import { randomUUID } from 'node:crypto'
import { createHttpApp } from '@lepton/common/http/app'
import { createConsulClient } from '@lepton/common/mesh/consul'
import { runService } from '@lepton/common/service'
import { TOPICS } from '@lepton/contracts/topics'
import { createKafkaBroker } from '@lepton/events/kafka/broker'
import { createLagReader } from '@lepton/events/kafka/lag'
import { kafkaAccess } from '@lepton/events/kafka/settings'
import { verifierOf } from '@lepton/events/signatures/settings'
import { actRoutes } from './act-routes.ts'
import { createActions } from './actions.ts'
import { createActivity } from './activity.ts'
import { alarmRoutes } from './alarms/routes.ts'
import { startAlarms } from './alarms/start.ts'
import { reconcileEndpoint } from './audit.ts'
import { createCallWatch } from './calls/call-watch.ts'
import { meshRoutes } from './calls/routes.ts'
import { readConfig } from './config.ts'
import { consoleRoutes } from './console-routes.ts'
import { deadLetterEndpoints } from './dead-letters.ts'
import { foreignServiceRoutes } from './foreign-services.ts'
import { createFaults } from './faults/faults.ts'
import { experimentRoutes } from './experiments.ts'
import { faultRoutes } from './faults/routes.ts'
import { createLauncher } from './launcher.ts'
import { listRoutes } from './list-routes.ts'
import { startLive } from './live.ts'
import { startLogFeed } from './log-feed.ts'
import { createLogReader } from './log-reader.ts'
import { createMarks } from './marks.ts'
import { createOnce } from './once.ts'
import { createAskInstance } from './ask-instance.ts'
import { startObserver } from './observer.ts'
import { orderRoutes } from './order-routes.ts'
import { traceRoute } from './trace-route.ts'
import { booksOf, promiseRoutes } from './promise-routes.ts'
import { startReconciliation } from './reconciliation.ts'
import { createQueueWatch } from './queues/queue-watch.ts'
import { queueRoutes } from './queues/routes.ts'
import { seeingOf } from './seeing.ts'
import { startScaling } from './scaling/start.ts'
import { createSeries } from './series.ts'
import { pointsOf, type ShopState } from './state.ts'
import { watchStreams } from './streams/stream-watch.ts'
import { serviceViews, silentOf } from './views.ts'
import { windowRoutes } from './windows/routes.ts'
import { startWindowReader } from './windows/window-reader.ts'

const settings = readConfig()

await runService('ops', settings, (instance) => {
  const { mesh, log, name } = instance
  const boot = randomUUID().slice(0, 8)
  const marks = createMarks(boot)
  const launcher = settings.CONTROL_SOCKET === undefined ? undefined : createLauncher(settings.CONTROL_SOCKET)
  const kafka = { ...kafkaAccess('ops', settings), clientId: name }
  const broker = createKafkaBroker(kafka, log)
  const verifier = verifierOf(settings, Object.values(TOPICS))
  const feed = startLogFeed({ broker, verifier }, `ops-${boot}`, log)
  const events = createLogReader(feed)
  const ask = createAskInstance(instance.signer)
  const activity = createActivity()
  feed.add(activity.note)
  const observer = startObserver({ ...instance, ask, launcher, marks, activity, pspUrl: settings.PSP_URL })
  const books = startReconciliation(instance)
  const consul = createConsulClient({
    address: settings.CONSUL_HTTP_ADDR,
    tokenFile: settings.CONSUL_TOKEN_FILE,
  })
  const { alarms, part: watching } = startAlarms(instance, {
    consul,
    observer,
    books,
    marks,
    webhookUrl: settings.ALARM_WEBHOOK_URL,
  })
  const streams = watchStreams(createLagReader(kafka, log), log)
  const ends = createLagReader(kafka, log)
  const windows = startWindowReader({
    feed,
    openFeed: (number, topics) => startLogFeed({ broker, verifier }, `ops-${boot}-${number}`, log, topics),
    ends,
    log,
  })
  const queues = createQueueWatch(streams)
  const calls = createCallWatch(instance.control)
  observer.onSample(() => {
    const seeing = seeingOf(observer)
    for (const watch of [queues, calls]) watch.look(seeing)
  })
  const incomplete = () => silentOf(serviceViews(observer))
  const series = createSeries()
  const state: ShopState = {
    observer,
    marks,
    series,
    orders: () => events.orders(),
    books: () => booksOf(books.latest()),
  }
  observer.onStep(() => series.push(pointsOf(state)))
  const live = startLive(state, () => events.flow.take(), activity.note)
  const once = createOnce()
  const processes = { launcher, runtime: settings.RUNTIME, marks, log }
  const actions = createActions({ ...processes, isAnswering: () => observer.running() !== undefined })
  const scaling = startScaling(instance, { observer, queues: queues.latest, actions })
  const faults = createFaults({ actions, running: () => observer.running(), log })
  return Promise.resolve({
    app: createHttpApp(
      instance,
      activity.noted([
        reconcileEndpoint(mesh),
        ...deadLetterEndpoints(mesh),
        ...orderRoutes(mesh),
        traceRoute(mesh, ask),
        ...listRoutes({
          mesh,
          observer,
          marks,
          changes: () => instance.control.changes(),
          logs: actions.logs,
        }),
        ...promiseRoutes(books, { marks, log, once }),
        ...consoleRoutes(state, actions),
        ...actRoutes(actions, once),
        ...alarmRoutes(alarms, {
          control: instance.control,
          once,
          incomplete,
        }),
        ...foreignServiceRoutes({
          ...instance,
          consul,
          marks,
          allow: settings.REGISTER_ALLOW,
          maxRegistered: settings.REGISTER_MAX,
          ownPlaces: [settings.CONSUL_HTTP_ADDR, settings.PSP_URL]
            .map((url) => new URL(url).host)
            .concat(settings.KAFKA_BROKERS),
        }),
        ...experimentRoutes({ ...processes, once }),
        ...faultRoutes(faults, { once, incomplete }),
        ...meshRoutes({ pairs: calls.latest, control: instance.control, once, incomplete }),
        ...queueRoutes({ latest: queues.latest, paths: events.paths, broker: streams, incomplete }),
        ...scaling.endpoints,
        ...windowRoutes(windows, { name, marks, once, log }),
        ...live.endpoints,
      ]),
    ),
    parts: [
      { stop: () => broker.close() },
      { stop: () => consul.close() },
      { stop: () => ends.close() },
      faults,
      feed,
      streams,
      windows,
      watching,
      observer,
      books,
      live,
      scaling.part,
    ],
  })
})
