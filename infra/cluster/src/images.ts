import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CannotStart } from '@lepton/local/cannot-start'
import { runOrThrow } from '@lepton/local/command'
import type { Binaries } from './binaries.ts'
import { inTemporary, writeImage } from './image-file.ts'
import type { Machine } from './machines.ts'
import { ctrOf, PAUSE_IMAGE } from './node-files.ts'

const LOAD_TIMEOUT_MS = 300_000
export const COREDNS_IMAGE = 'docker.io/lepton/coredns:1'

/** The content of an image of Docker's, by which it is known whether a node has it. */
export async function imageId(image: string): Promise<string> {
  const id = await docker('image', 'inspect', '--format', '{{.Id}}', image).catch(() => {
    throw new CannotStart(
      `Docker has no image ${image}. \`docker compose build gateway\` builds that of the shop.`,
    )
  })
  return id.trim().replace('sha256:', '')
}

/** Gives nodes an image of Docker's, unless they have it, and another name for it there. */
export async function loadFromDocker(
  image: string,
  nodes: readonly Machine[],
  binaries: Binaries,
  alias?: string,
): Promise<void> {
  const id = await imageId(image)
  const lacking = nodes.filter((node) => loadedId(node, image) !== id)
  if (lacking.length > 0) {
    await inTemporary(async (folder) => {
      const file = join(folder, 'image.tar')
      await docker('save', '--output', file, image)
      await Promise.all(lacking.map((node) => load(node, file, binaries)))
    })
    for (const node of lacking) writeFileSync(markFile(node, image), id)
  }
  if (alias === undefined) return
  const names = [fullName(image), fullName(alias)]
  for (const node of nodes) await ctr(node, binaries, 'images', 'tag', '--force', ...names)
}

/** What the nodes themselves need, made from the binaries. */
export async function loadOwn(nodes: readonly Machine[], binaries: Binaries): Promise<void> {
  const own = [
    [PAUSE_IMAGE, binaries.pause],
    [COREDNS_IMAGE, binaries.coredns],
  ] as const
  for (const [name, program] of own) {
    const lacking = nodes.filter((node) => loadedId(node, name) === undefined)
    if (lacking.length === 0) continue
    await inTemporary(async (folder) => {
      const file = join(folder, 'image.tar')
      await writeImage(file, name, program)
      await Promise.all(lacking.map((node) => load(node, file, binaries)))
    })
    for (const node of lacking) writeFileSync(markFile(node, name), name)
  }
}

function fullName(image: string): string {
  const withTag = image.includes(':') ? image : `${image}:latest`
  return withTag.includes('/') ? `docker.io/${withTag}` : `docker.io/library/${withTag}`
}

function markFile({ dir }: Machine, image: string): string {
  return join(dir, `image-${encodeURIComponent(image)}`)
}

function loadedId(node: Machine, image: string): string | undefined {
  const file = markFile(node, image)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

async function load(node: Machine, file: string, binaries: Binaries): Promise<void> {
  await ctr(node, binaries, 'images', 'import', file)
}

function ctr(node: Machine, binaries: Binaries, ...args: string[]): Promise<string> {
  return runOrThrow([...ctrOf(binaries, node), ...args], { timeoutMs: LOAD_TIMEOUT_MS })
}

function docker(...args: string[]): Promise<string> {
  return runOrThrow(['docker', ...args], { timeoutMs: LOAD_TIMEOUT_MS })
}
