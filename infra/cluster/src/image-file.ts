import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { host } from './machines.ts'

/** Works in a folder that is gone afterwards. */
export async function inTemporary(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lepton-images-'))
  try {
    await work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Writes an image with one program in it, as `docker save` does, without Docker. */
export async function writeImage(file: string, name: string, program: string): Promise<void> {
  await inTemporary(async (folder) => {
    const own = basename(program)
    copyFileSync(program, join(folder, own))
    const layer = join(folder, 'layer.tar')
    const owned = ['--owner=0', '--group=0', '--mode=755']
    await host('tar', '--create', '--file', layer, '--directory', folder, ...owned, own)
    const digest = createHash('sha256').update(readFileSync(layer)).digest('hex')
    const config = {
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Cmd: [`/${own}`] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
      history: [{ created_by: 'lepton' }],
    }
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
    const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }]
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
    const parts = ['config.json', 'layer.tar', 'manifest.json']
    await host('tar', '--create', '--file', file, '--directory', folder, ...parts)
  })
}
