import { newId } from '@lepton/common/runtime/id'
import { closeServer, startServer } from '@lepton/common/http/server'
import type { Express } from 'express'
import type { KeyOwner, TestIdentity } from './identity.ts'
import { type AskOptions, createShopClient, type ShopAnswer } from './shop-client.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** Who sends requests: a customer, an operator, another service, anyone. */
export interface Person {
  id: string
  token: string | undefined
  get<T = unknown>(path: string, options?: AskOptions): Promise<ShopAnswer<T>>
  post<T = unknown>(path: string, body?: unknown, options?: AskOptions): Promise<ShopAnswer<T>>
  put<T = unknown>(path: string, body?: unknown, options?: AskOptions): Promise<ShopAnswer<T>>
  delete<T = unknown>(path: string, body?: unknown, options?: AskOptions): Promise<ShopAnswer<T>>
  ask<T = unknown>(method: Method, path: string, options?: AskOptions): Promise<ShopAnswer<T>>
}

export interface People {
  url: string
  customer(id?: string): Promise<Person>
  operator(): Promise<Person>
  peer(service: KeyOwner, operation: string): Promise<Person>
  anyone(): Person
  /** Sends requests with this token, whatever it is. */
  bearer(token: string, id?: string): Person
  close(): Promise<void>
}

/** Listens with the app on a free port, for people with tokens of this identity. */
export async function servePeople(app: Express, identity: TestIdentity): Promise<People> {
  const { server, port } = await startServer(app, { HOST: '127.0.0.1', PORT: 0 })
  const url = `http://127.0.0.1:${port}`
  const client = createShopClient(url)

  function person(id: string, token: string | undefined): Person {
    const ask = <T>(method: Method, path: string, options: AskOptions = {}) =>
      client.ask<T>(method, path, {
        ...options,
        headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...options.headers },
      })
    return {
      id,
      token,
      ask,
      get: (path, options) => ask('GET', path, options),
      post: (path, body, options) => ask('POST', path, { body, ...options }),
      put: (path, body, options) => ask('PUT', path, { body, ...options }),
      delete: (path, body, options) => ask('DELETE', path, { body, ...options }),
    }
  }

  return {
    url,
    customer: async (id = newId()) => person(id, await identity.customerToken(id)),
    operator: async () => {
      const id = newId()
      return person(id, await identity.operatorToken(id))
    },
    peer: async (service, operation) => person(service, await identity.serviceToken(service, operation)),
    anyone: () => person('anyone', undefined),
    bearer: (token, id = 'bearer') => person(id, token),
    close: async () => {
      await client.close()
      await closeServer(server)
    },
  }
}
