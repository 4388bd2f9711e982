import { expect, it } from '@jest/globals'
import { byLayer } from './by-layer.ts'

const frame = (id: number, functionName: string, url = '', children: number[] = []) => ({
  id,
  callFrame: { functionName, url, lineNumber: 6 },
  children,
})

it("counts the time of Node's own code for what called it, and none that is idle", () => {
  const { layers, functions } = byLayer({
    nodes: [
      frame(1, '(root)', '', [2, 4, 5]),
      frame(2, 'query', 'file:///shop/node_modules/.pnpm/pg@8/node_modules/pg/lib/client.js', [3]),
      frame(3, 'writev'),
      frame(4, '(idle)'),
      frame(5, 'toString', 'node:buffer'),
    ],
    samples: [2, 3, 4, 5],
    timeDeltas: [0, 10, 20, 40, 5],
  })
  expect(layers).toEqual(
    new Map([
      ['pg', 30],
      ['Node itself', 5],
    ]),
  )
  expect(functions).toEqual(
    new Map([
      ['query pg/lib/client.js:7', 10],
      ['writev for query pg/lib/client.js:7', 20],
      ['toString for Node itself', 5],
    ]),
  )
})
