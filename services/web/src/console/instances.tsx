import { useState } from 'react'
import { age, duration } from '../format.ts'
import { useConsoleMessages } from '../messages/messages.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Trouble } from '../parts/panel.tsx'
import { State } from '../parts/state.tsx'
import { useNow } from '../parts/use-now.ts'
import { type Act, ActDialog } from './act-dialog.tsx'
import { Age } from './age.tsx'
import style from './console.module.css'
import table from './table.module.css'
import { decimal, mebibytes, percent } from './figures.ts'
import { answeringIn, worstFirst } from './judgement.ts'
import {
  type Capabilities,
  type InstanceView,
  type Overview,
  type ServiceView,
  useCapabilities,
  type ScalingView,
  useOverview,
  useScaling,
} from './queries.ts'

const KINDS = { passing: 'ok', warning: 'wait', failing: 'bad', gone: 'none' } as const

/** Every instance of every service: how it fares, and what can be done to it. */
export function Instances() {
  const { console: texts } = useConsoleMessages()
  const { data, error, refetch, dataUpdatedAt } = useOverview()
  const { data: capabilities } = useCapabilities()
  const { data: scaling } = useScaling()
  const [act, setAct] = useState<Act>()
  const missing = data?.services.filter((service) => answeringIn(service) < service.expected) ?? []
  const title =
    missing.length === 0
      ? texts.instances.all
      : texts.instances.missing(missing.map((one) => one.service).join(', '))
  return (
    <>
      <PageTitle title={texts.instances.nav}>{data === undefined ? texts.instances.nav : title}</PageTitle>
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <Bone height={360} />}
      {data !== undefined && <Age updatedAt={dataUpdatedAt} incomplete={data.incomplete} />}
      {data &&
        worstFirst(data.services).map((service) => (
          <Service
            key={service.service}
            service={service}
            scaling={scaling?.items.find((one) => one.service === service.service)}
            capabilities={capabilities}
            onAct={setAct}
          />
        ))}
      {data?.servers && <Servers servers={data.servers} capabilities={capabilities} onAct={setAct} />}
      <ActDialog act={act} onClose={() => setAct(undefined)} />
    </>
  )
}

interface Acting {
  capabilities: Capabilities | undefined
  onAct: (act: Act) => void
}

function Service({
  service,
  scaling,
  capabilities,
  onAct,
}: { service: ServiceView; scaling: ScalingView | undefined } & Acting) {
  const { console: texts, services: names } = useConsoleMessages()
  const columns = texts.instances.columns
  const answering = answeringIn(service)
  const name = service.service
  return (
    <section className={style['panel']} aria-labelledby={`service-${name}`}>
      <div className={style['head']}>
        <h2 id={`service-${name}`}>{names[name as keyof typeof names] ?? name}</h2>
        <State kind={answering >= service.expected ? 'ok' : answering === 0 ? 'bad' : 'wait'}>
          {texts.of(answering, service.expected)}
        </State>
        <ActButton capabilities={capabilities} act={{ kind: 'add', name }} onAct={onAct} />
      </div>
      {scaling && (
        <p className={style['note']}>{texts.instances.sized(scaling.min, scaling.max, scaling.words)}</p>
      )}
      <table className={table['table']}>
        <thead>
          <tr>
            <th>{columns.name}</th>
            <th>{columns.state}</th>
            <th className={table['n']}>{columns.rate}</th>
            <th className={table['n']}>{columns.errors}</th>
            <th className={table['n']}>{columns.p99}</th>
            <th className={table['n']}>{columns.cpu}</th>
            <th className={table['n']}>{columns.memory}</th>
            <th className={table['n']}>{columns.restarts}</th>
            <th className={table['acts']}>{columns.acts}</th>
          </tr>
        </thead>
        <tbody>
          {service.instances.map((instance) => (
            <Row key={instance.name} instance={instance} capabilities={capabilities} onAct={onAct} />
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Row({ instance, capabilities, onAct }: { instance: InstanceView } & Acting) {
  const { console: texts } = useConsoleMessages()
  const columns = texts.instances.columns
  const now = useNow()
  const { name, state, since, because, figures, process } = instance
  const ago = age(now - Date.parse(since))
  return (
    <tr>
      <td data-label={columns.name}>{name}</td>
      <td data-label={columns.state}>
        <State kind={KINDS[state]}>{because ?? texts.instances.states[state]}</State>{' '}
        <span className={style['note']}>{ago}</span>
      </td>
      <td data-label={columns.rate} className={table['n']}>
        {decimal(figures.requests_per_s)}
      </td>
      <td data-label={columns.errors} className={table['n']}>
        {percent(figures.error_share)}
      </td>
      <td data-label={columns.p99} className={table['n']}>
        {figures.p99_ms === null ? '—' : duration(figures.p99_ms)}
      </td>
      <td data-label={columns.cpu} className={table['n']}>
        {percent(figures.cpu_share)}
      </td>
      <td data-label={columns.memory} className={table['n']}>
        {mebibytes(figures.rss_bytes)}
      </td>
      <td data-label={columns.restarts} className={table['n']}>
        {process?.restarts ?? '—'}
      </td>
      <td className={table['acts']}>
        {state !== 'gone' &&
          (['kill', 'pause', 'restart', 'remove'] as const).map((kind) => (
            <ActButton key={kind} capabilities={capabilities} act={{ kind, name }} onAct={onAct} />
          ))}
      </td>
    </tr>
  )
}

function Servers({ servers, capabilities, onAct }: { servers: NonNullable<Overview['servers']> } & Acting) {
  const { console: texts } = useConsoleMessages()
  const columns = texts.instances.columns
  return (
    <section className={style['panel']} aria-labelledby="servers">
      <h2 id="servers">{texts.instances.servers}</h2>
      <table className={table['table']}>
        <thead>
          <tr>
            <th>{columns.name}</th>
            <th>{columns.state}</th>
            <th className={table['n']}>{columns.restarts}</th>
            <th className={table['acts']}>{columns.acts}</th>
          </tr>
        </thead>
        <tbody>
          {servers.map(({ name, title, status, restarts }) => (
            <tr key={name}>
              <td data-label={columns.name}>{title}</td>
              <td data-label={columns.state}>
                <State kind={status === 'ready' ? 'ok' : 'bad'}>{status.replaceAll('_', ' ')}</State>
              </td>
              <td data-label={columns.restarts} className={table['n']}>
                {restarts}
              </td>
              <td className={table['acts']}>
                {(['kill', 'pause'] as const).map((kind) => (
                  <ActButton
                    key={kind}
                    capabilities={capabilities}
                    act={{ kind, name, isServer: true }}
                    onAct={onAct}
                  />
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

/** What is not possible here is disabled, with why and what to type instead. */
function ActButton({ act, capabilities, onAct }: { act: Act } & Acting) {
  const { console: texts } = useConsoleMessages()
  const can = capabilities?.actions[act.kind]
  const why = can?.allowed === false ? [can.reason, can.command].filter(Boolean).join(' ') : undefined
  return (
    <button
      type="button"
      className={table['act']}
      disabled={can?.allowed !== true}
      title={why}
      aria-label={texts.acts.label[act.kind](act.name)}
      onClick={() => onAct(act)}
    >
      {texts.acts.short[act.kind]}
    </button>
  )
}
