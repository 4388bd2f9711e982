import type { Readable } from 'node:stream'
import type { MeshAnswer } from '@lepton/common/mesh/call'
import type { MeshClient, MeshRequest } from '@lepton/common/mesh/client'
import { blameFor } from '@lepton/common/mesh/blame'
import type { KnownInstance } from '@lepton/common/mesh/membership'
import { Unavailable } from '@lepton/common/runtime/problem'
import { PROBLEMS, type ProblemSlug } from '@lepton/contracts/problems'
import type { RouteDefinition } from '@lepton/contracts/route'

export interface FakeAnswer {
  status: number
  body?: unknown
  headers?: Record<string, string>
  /** Instead of a body: what comes until the one who asks leaves. */
  stream?: Readable
}

type Handler = (request: MeshRequest & { query: URLSearchParams }) => FakeAnswer | Promise<FakeAnswer>

export interface FakeMesh extends MeshClient {
  /** Answers a route of another service, until it is set again. A route without an answer is not available. */
  answer(route: RouteDefinition, handler: Handler): void
  away(route: RouteDefinition): void
  /** What discovery says of a service. */
  know(service: string, instances: readonly KnownInstance[]): void
  /** Every request that was made, oldest first. */
  requests: MeshRequest[]
}

/** The other services, as far as a test says what they answer. */
export function createFakeMesh(): FakeMesh {
  const handlers = new Map<string, Handler>()
  const requests: MeshRequest[] = []
  const known = new Map<string, readonly KnownInstance[]>()

  async function request(request: MeshRequest, signal?: AbortSignal): Promise<MeshAnswer> {
    requests.push(request)
    const handler = handlers.get(request.operation)
    if (handler === undefined) throw new Unavailable(request.service, { fault: request.service })
    const { searchParams: query } = new URL(request.path, 'http://mesh')
    const { status, body, headers = {}, stream } = await handler({ ...request, query })
    signal?.addEventListener('abort', () => stream?.destroy())
    return {
      status,
      headers: { 'content-type': 'application/json', ...headers },
      body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
      ...(stream !== undefined && { stream }),
      endpoint: `${request.service}-1`,
      blame: blameFor({ status, headers }, true),
    }
  }

  return {
    requests,
    answer: (route, handler) => void handlers.set(route.operation, handler),
    away: (route) => void handlers.delete(route.operation),
    watch: () => undefined,
    isInformed: () => true,
    look: () => [],
    instances: (service) => known.get(service) ?? [],
    know: (service, instances) => void known.set(service, instances),
    request: (asked) => request(asked),
    stream: request,
    close: () => Promise.resolve(),
  }
}

/** A refusal as another service answers it. */
export function problemAnswer(slug: ProblemSlug): FakeAnswer {
  const { status, title } = PROBLEMS[slug]
  const headers = { 'content-type': 'application/problem+json' }
  return { status, headers, body: { type: `/problems/${slug}`, title, status, detail: title } }
}
