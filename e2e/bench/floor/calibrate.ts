/** Time of a million steps of a hash (ms), the least of five tries: a figure for the machine to read the others by. */
export function calibrate(): number {
  return Math.min(...Array.from({ length: 5 }, once))
}

function once(): number {
  const startedAtMs = performance.now()
  let hash = 0
  for (let step = 0; step < 10_000_000; step++) hash = Math.imul(hash ^ step, 0x5bd1e995)
  const tookMs = performance.now() - startedAtMs
  return hash === Number.NaN ? 0 : tookMs / 10
}
