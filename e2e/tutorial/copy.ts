import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

const LEFT_OUT = ['.git', '.lepton']

/** Copies a checkout with the links of its workspaces; what is installed at its root is shared. */
export function copyCheckout(root: string, folder: string): void {
  cpSync(root, folder, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !LEFT_OUT.includes(basename(path)) && path !== join(root, 'node_modules'),
  })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
}

/** What `pnpm install` does for a new workspace whose dependencies are all in the repository. */
export function linkDependencies(folder: string, manifest: string): void {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(folder, manifest), 'utf8')) as {
    dependencies: Record<string, string>
    devDependencies: Record<string, string>
  }
  const modules = join(folder, dirname(manifest), 'node_modules')
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    const link = join(modules, name)
    mkdirSync(dirname(link), { recursive: true })
    const target = version.startsWith('workspace:') ? workspaceOf(folder, name) : installed(folder, name)
    symlinkSync(relative(dirname(link), target), link)
  }
}

function workspaceOf(folder: string, name: string): string {
  return join(folder, 'packages', name.replace('@lepton/', ''))
}

/** A vendor's package, by the link of a workspace that has it. */
function installed(folder: string, name: string): string {
  const links = ['packages', 'services'].flatMap((group) =>
    readdirSync(join(folder, group)).map((workspace) => join(folder, group, workspace, 'node_modules', name)),
  )
  const link = links.find((path) => existsSync(path) && lstatSync(path).isSymbolicLink())
  if (link === undefined) throw new Error(`no workspace has ${name}`)
  return link
}
