import type { MeshClient, MeshRequest } from '@lepton/common/mesh/client'
import { blameFor } from '@lepton/common/mesh/blame'
import { Unavailable } from '@lepton/common/runtime/problem'
import { PROBLEMS, type ProblemSlug } from '@lepton/contracts/problems'
import type { RouteDefinition } from '@lepton/contracts/route'

export interface FakeAnswer {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

type Handler = (request: MeshRequest & { query: URLSearchParams }) => FakeAnswer | Promise<FakeAnswer>

export interface FakeMesh extends MeshClient {
  /** Answers a route of another service, until told otherwise. What nobody answers is not available. */
  answer(route: RouteDefinition, handler: Handler): void
  away(route: RouteDefinition): void
  /** Every request that was made, oldest first. */
  requests: MeshRequest[]
}

/** The other services, as far as a test says what they answer. */
export function createFakeMesh(): FakeMesh {
  const handlers = new Map<string, Handler>()
  const requests: MeshRequest[] = []
  return {
    requests,
    answer: (route, handler) => void handlers.set(route.operation, handler),
    away: (route) => void handlers.delete(route.operation),
    watch: () => undefined,
    request: async (request) => {
      requests.push(request)
      const handler = handlers.get(request.operation)
      if (handler === undefined) throw new Unavailable(request.service, { fault: request.service })
      const { searchParams: query } = new URL(request.path, 'http://mesh')
      const { status, body, headers = {} } = await handler({ ...request, query })
      return {
        status,
        headers: { 'content-type': 'application/json', ...headers },
        body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
        endpoint: `${request.service}-1`,
        blame: blameFor({ status, headers }, true),
      }
    },
    close: () => Promise.resolve(),
  }
}

/** A refusal as another service answers it. */
export function problemAnswer(slug: ProblemSlug): FakeAnswer {
  const { status, title } = PROBLEMS[slug]
  const headers = { 'content-type': 'application/problem+json' }
  return { status, headers, body: { type: `/problems/${slug}`, title, status, detail: title } }
}
