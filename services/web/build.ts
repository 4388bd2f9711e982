import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile, copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const ROOT = import.meta.dirname
/** How long files of earlier builds stay for pages that were loaded before this one, in ms. */
const KEEP_OLD_MS = 24 * 3_600_000
const COMPRESSED = /\.(js|css|svg|html|json)$/
const DIST = join(ROOT, 'dist')
/** What the app is made of; a change of any makes the build stale. */
const SOURCES = [
  'index.html',
  'build.ts',
  'vite.ts',
  'package.json',
  'src',
  '../../packages/client/src',
  '../../packages/contracts/src',
  '../../pnpm-lock.yaml',
]

/** Builds the app into `dist` unless it is there as the sources are now; prints what it did. */
async function main(): Promise<void> {
  const wanted = await fingerprint()
  const stamp = join(DIST, 'stamp')
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === wanted) {
    process.stdout.write('the web app is built\n')
    return
  }
  const began = performance.now()
  const fresh = `${DIST}.${process.pid}`
  try {
    // Most of a start's time here, and mostly there is nothing to build.
    const [{ build }, { config }] = await Promise.all([import('vite'), import('./vite.ts')])
    await build({
      ...config,
      build: { outDir: fresh, emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
    })
    await compress(fresh)
    await install(fresh)
    await writeFile(stamp, wanted)
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
  process.stdout.write(`built the web app in ${((performance.now() - began) / 1_000).toFixed(1)} s\n`)
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256')
  for (const source of SOURCES) {
    const path = join(ROOT, source)
    const files = (await stat(path)).isDirectory() ? await filesOf(path) : [path]
    for (const file of files.filter((name) => !name.endsWith('.test.ts')))
      hash.update(file.slice(ROOT.length)).update(await readFile(file))
  }
  return hash.digest('hex')
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
}

/** Puts a `.br` and a `.gz` beside every file that gets smaller by it: the gateway compresses nothing itself. */
async function compress(folder: string): Promise<void> {
  const best = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }
  await Promise.all(
    (await filesOf(folder))
      .filter((file) => COMPRESSED.test(file))
      .map(async (file) => {
        const content = await readFile(file)
        await Promise.all([
          writeFile(`${file}.br`, await promisify(brotliCompress)(content, best)),
          writeFile(`${file}.gz`, await promisify(gzip)(content, { level: 9 })),
        ])
      }),
  )
}

/**
 * Moves a build to where gateways serve it. Hashed files are added and the old ones stay for a day, since a running gateway and
 * open pages still name them; the page that names the new ones comes last.
 */
async function install(fresh: string): Promise<void> {
  const assets = join(DIST, 'assets')
  await mkdir(assets, { recursive: true })
  const old = await filesOf(assets)
  const names = (await filesOf(join(fresh, 'assets'))).map((file) =>
    file.slice(join(fresh, 'assets').length + 1),
  )
  for (const name of names) await copyFile(join(fresh, 'assets', name), join(assets, name))
  for (const file of old) {
    if (
      !names.includes(file.slice(assets.length + 1)) &&
      Date.now() - (await stat(file)).mtimeMs > KEEP_OLD_MS
    )
      await rm(file)
  }
  await rename(join(fresh, 'index.html'), join(DIST, 'index.html'))
}

await main()
