interface Refused {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: unknown
}

/** Whether an instance had no room for a request, and said when to come again. */
export function isOverload({ status, headers, body }: Refused): boolean {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return status === 503 && headers['retry-after'] !== undefined && text.includes('"/problems/overloaded"')
}
