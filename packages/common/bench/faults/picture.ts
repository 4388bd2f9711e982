import { BUCKET_MS } from './outcome.ts'
import type { Result } from './run.ts'
import { BEGINS_MS, ENDS_MS, LASTS_MS, type Scenario } from './scenarios.ts'

const [WIDTH, HEIGHT, GAP, LEFT, TOP] = [250, 74, 30, 62, 62]
const SLOWEST_MS = 3_000

interface Panel {
  title: string
  ticks: [text: string, height: number][]
  /** From 0 to 1, for each bucket; undefined where there was nothing. */
  heights(result: Result): (number | undefined)[]
}

const log = (ms: number) => Math.log10(Math.max(1, ms)) / Math.log10(SLOWEST_MS)
const PERCENT: Panel['ticks'] = [
  ['0 %', 0],
  ['50 %', 0.5],
  ['100 %', 1],
]
const total = (counts: Record<string, number>) => Object.values(counts).reduce((sum, count) => sum + count, 0)

const PANELS: readonly Panel[] = [
  {
    title: 'failed',
    ticks: PERCENT,
    heights: ({ buckets }) => buckets.map(({ failed, sent }) => total(failed) / Math.max(1, total(sent))),
  },
  {
    title: "first one's share",
    ticks: PERCENT,
    heights: ({ buckets }) => buckets.map(({ share }) => share),
  },
  {
    title: 'p99, ms',
    ticks: [1, 10, 100, 1_000].map((ms) => [String(ms), log(ms)]),
    heights: ({ buckets }) => buckets.map(({ sent, p99Ms }) => (total(sent) === 0 ? undefined : log(p99Ms))),
  },
]

/** Readable on a light page and on a dark one. */
const STYLE = `
text { font: 11px system-ui, sans-serif; fill: #444 } .title { font-size: 14px; font-weight: 600; fill: #111 }
.paper { fill: #fff } .grid { stroke: #ddd } .fault { fill: #d33; opacity: .1 }
.line { fill: none; stroke-width: 1.6; stroke-linejoin: round } .p0 { stroke: #c62828 } .p1 { stroke: #1565c0 } .p2 { stroke: #6a3d9a }
@media (prefers-color-scheme: dark) {
  text { fill: #bbb } .title { fill: #eee } .paper { fill: #15181d } .grid { stroke: #333 } .fault { fill: #f66; opacity: .16 }
  .p0 { stroke: #ff7b72 } .p1 { stroke: #79c0ff } .p2 { stroke: #d2a8ff }
}`

/** Failures, share and p99 over time, one column for each client; the time of the fault is shaded. */
export function picture({ title }: Scenario, results: ReadonlyMap<string, Result>): string {
  // A title has room above two columns at least.
  const width = LEFT + Math.max(2, results.size) * (WIDTH + GAP)
  const height = TOP + PANELS.length * (HEIGHT + GAP)
  const xOf = (ms: number) => (ms / LASTS_MS) * WIDTH
  const columns = [...results].map(([name, result], column) => {
    const panels = PANELS.map((panel, index) => {
      const marks = panel.ticks.map(
        ([text, at]) =>
          `<line class="grid" x2="${WIDTH}" y1="${round(yOf(at))}" y2="${round(yOf(at))}"/>` +
          (column === 0 ? `<text x="-6" y="${round(yOf(at) + 4)}" text-anchor="end">${text}</text>` : ''),
      )
      const fault = `<rect class="fault" x="${xOf(BEGINS_MS)}" width="${xOf(ENDS_MS - BEGINS_MS)}" height="${HEIGHT}"/>`
      const path = `<path class="line p${index}" d="${pathOf(panel.heights(result), xOf)}"/>`
      const label = `<text y="-5">${panel.title}</text>`
      return `<g transform="translate(0 ${index * (HEIGHT + GAP)})">${fault}${marks.join('')}${path}${label}</g>`
    })
    const seconds = [0, 2, 4, 6, 8].map(
      (s) =>
        `<text x="${xOf(s * 1_000)}" y="${PANELS.length * (HEIGHT + GAP) - GAP + 14}" text-anchor="middle">${s} s</text>`,
    )
    const head = `<text class="title" y="-20">${name}</text>`
    return `<g transform="translate(${LEFT + column * (WIDTH + GAP)} ${TOP})">${head}${panels.join('\n')}${seconds.join('')}</g>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${title}</title>
<style>${STYLE}</style>
<rect class="paper" width="${width}" height="${height}" rx="6"/>
<text class="title" x="12" y="20">${title}</text>
${columns.join('\n')}
</svg>
`
}

const yOf = (height: number) => HEIGHT * (1 - Math.min(1, Math.max(0, height)))
const round = (value: number) => Math.round(value * 10) / 10

function pathOf(heights: readonly (number | undefined)[], xOf: (ms: number) => number): string {
  let isDrawing = false
  return heights
    .map((height, index) => {
      if (height === undefined) {
        isDrawing = false
        return ''
      }
      const command = isDrawing ? 'L' : 'M'
      isDrawing = true
      return `${command}${round(xOf((index + 0.5) * BUCKET_MS))} ${round(yOf(height))}`
    })
    .join('')
}
