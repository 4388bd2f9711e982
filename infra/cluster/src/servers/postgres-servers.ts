import { mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Machine, startProgram, SUBNET } from '../machines.ts'
import { startDetached } from '../detached.ts'
import type { Servers } from './server-set.ts'

const PORT = 5_432
export const PATRONI_PORT = 8_008
/** Where the primary is found, wherever it is. */
const PRIMARY_PORT = 15_432
const ADMIN = 'postgres'
/** How often Patroni looks, and renews its key, whose TTL begins then: rarely renewed is soon expired after a loss. */
const LOOK_S = { starting: 2, running: 8 }
const ANSWER_TIMEOUT_MS = 5_000

export function databaseUrlOf({ postgres }: { postgres: string }): string {
  return `postgres://${ADMIN}:${postgres}@127.0.0.1:${PRIMARY_PORT}/postgres`
}

/** A PostgreSQL, and who decides whether it is the primary: the one that has the key in Consul. */
export function startPatroni(servers: Servers, machine: Machine): void {
  const { tools, env } = servers
  const folder = join(machine.dir, 'postgres')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'patroni.json')
  writeFileSync(file, JSON.stringify(configOf(servers, machine, folder), null, 2), { mode: 0o600 })
  const path = [tools.postgres.folder, env['PATH']].join(delimiter)
  const { python, modules } = tools.patroni
  startProgram(machine, 'patroni', [...tools.disguise, python, '-m', 'patroni', file], {
    ...env,
    ...{ HOME: folder, PATH: path, PYTHONPATH: modules, PYTHONNOUSERSITE: '1', PYTHONDONTWRITEBYTECODE: '1' },
  })
}

/** Once all of them are there, which takes several looks. @throws Error where a Patroni does not take it */
export async function lookRarely([machine]: readonly Machine[]): Promise<void> {
  const answer = await fetch(`http://${machine!.address}:${PATRONI_PORT}/config`, {
    method: 'PATCH',
    body: JSON.stringify({ loop_wait: LOOK_S.running }),
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  })
  if (!answer.ok) throw new Error(`Patroni answered ${answer.status}: ${await answer.text()}`)
}

function configOf({ tools, secrets }: Servers, { name, address }: Machine, folder: string) {
  const user = (username: string) => ({ username, password: secrets.postgres })
  return {
    scope: 'lepton',
    name,
    restapi: { listen: `${address}:${PATRONI_PORT}`, connect_address: `${address}:${PATRONI_PORT}` },
    // Its own machine's server: what is cut off from the others may not be the primary. Its key also ends when Consul's
    // servers miss the machine, seconds after its loss, and not only with the TTL, which each new leader begins once more.
    consul: { host: '127.0.0.1:8500', token: secrets.consulToken, checks: ['serfHealth'] },
    bootstrap: {
      dcs: {
        // Its least.
        ttl: 20,
        loop_wait: LOOK_S.starting,
        retry_timeout: 6,
        // An event that was published cannot be taken back: its transaction must be on a second machine before, on any.
        synchronous_mode: 'quorum',
        // A primary that came back is no candidate for what another one wrote since: positions in the log do not say so.
        check_timeline: true,
        postgresql: {
          use_pg_rewind: true,
          use_slots: true,
          parameters: {
            max_connections: 300,
            max_prepared_transactions: 10,
            shared_buffers: '64MB',
            jit: 'off',
            wal_keep_size: '128MB',
            hot_standby: 'on',
            timezone: 'UTC',
            log_timezone: 'UTC',
            autovacuum_naptime: '10s',
          },
        },
      },
      initdb: [{ encoding: 'UTF8' }, { locale: 'C' }, 'data-checksums'],
    },
    postgresql: {
      listen: `127.0.0.1,${address}:${PORT}`,
      connect_address: `${address}:${PORT}`,
      data_dir: join(folder, 'data'),
      bin_dir: tools.postgres.folder,
      pgpass: join(folder, 'pgpass'),
      authentication: { superuser: user(ADMIN), replication: user('replicator'), rewind: user('rewinder') },
      parameters: { unix_socket_directories: '', lc_messages: 'C' },
      pg_hba: [SUBNET, '127.0.0.1/32'].flatMap((from) => [
        `host replication replicator ${from} scram-sha-256`,
        `host all all ${from} scram-sha-256`,
      ]),
      // A standby that is made again waits for no checkpoint, which would take its time.
      basebackup: [{ checkpoint: 'fast' }],
      remove_data_directory_on_rewind_failure: true,
      remove_data_directory_on_diverged_timelines: true,
    },
  }
}

/** HAProxy asks each Patroni every second which is the primary, and ends the sessions of one that no longer is. */
export function startHaproxy({ dir, tools, machines, env }: Servers): void {
  const file = join(dir, 'haproxy.cfg')
  writeFileSync(
    file,
    `global
  maxconn 1000
defaults
  mode tcp
  timeout connect 1s
  timeout check 1s
  timeout client 24h
  timeout server 24h
listen primary
  bind 127.0.0.1:${PRIMARY_PORT}
  option httpchk GET /primary
  http-check expect status 200
  option clitcpka
  option srvtcpka
  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
${machines.map(({ name, address }) => `  server ${name} ${address}:${PORT} check port ${PATRONI_PORT}\n`).join('')}`,
  )
  const { libraries } = tools.haproxy
  const own = libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }
  startDetached(dir, 'haproxy', [tools.haproxy.file, '-db', '-f', file], { ...env, ...own })
}
