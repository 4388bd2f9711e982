import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface Block {
  /** Where it belongs, from the root of the repository. */
  path: string
  isEdit: boolean
  text: string
}

/** The fenced blocks of a page that name a file: whole files, and edits in the form of a diff without line numbers. */
export function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+) (\S+)\n(.*?)^```$/gms)].map(([, language, path, text]) => ({
    path: path!,
    isEdit: language === 'diff',
    text: text!,
  }))
}

/** The commands that a page tells a person to type, by the heading they are below; those marked `no-test` are left out. */
export function commandsOf(page: string): Map<string, string[]> {
  const sections = page.split(/^#+ /m).map((section): [string, string[]] => {
    const commands = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text]) => text!)
    return [section.split('\n', 1)[0]!, commands]
  })
  return new Map(sections.filter(([, commands]) => commands.length > 0))
}

/** @throws Error where an edit's place is not in its file exactly once, or a new file is there already */
export function applyBlock(root: string, { path, isEdit, text }: Block): void {
  const file = join(root, path)
  if (isEdit) {
    writeFileSync(file, edited(readFileSync(file, 'utf8'), text, path))
  } else {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text, { flag: 'wx' })
  }
}

function edited(content: string, diff: string, path: string): string {
  const lines = diff.trimEnd().split('\n')
  const [before, after] = ['+', '-'].map((sign) =>
    lines.flatMap((line) => (line.startsWith(sign) ? [] : [`${line.slice(1)}\n`])).join(''),
  )
  const places = content.split(before!)
  if (places.length !== 2) throw new Error(`${path} has the place of an edit ${places.length - 1} times`)
  return places.join(after)
}
