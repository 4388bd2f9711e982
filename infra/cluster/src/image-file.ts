import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { readFileSync } from 'node:fs'
import { host } from './machines.ts'

/** Writes an image with one program in it, as `docker save` does, without Docker. */
export async function writeImage(file: string, name: string, program: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lepton-image-'))
  try {
    const own = basename(program)
    copyFileSync(program, join(folder, own))
    const layer = join(folder, 'layer.tar')
    await host(
      'tar',
      '--create',
      '--file',
      layer,
      '--directory',
      folder,
      '--owner=0',
      '--group=0',
      '--mode=755',
      own,
    )
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
    await host(
      'tar',
      '--create',
      '--file',
      file,
      '--directory',
      folder,
      'config.json',
      'layer.tar',
      'manifest.json',
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}
