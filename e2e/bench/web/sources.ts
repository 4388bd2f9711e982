import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '@lepton/local/root'
import { judge } from './budget.ts'

/** How many lines a person has to read. */
export function measureSources(): void {
  const web = linesOf('services/web/src')
  const isMessages = (file: string) => file.startsWith('messages/')
  const pages = web.filter(({ file }) => /\.tsx?$/.test(file) && !isMessages(file))
  judge('source of the pages', sum(pages), 7_500, 'lines')
  judge('style of the pages', sum(web.filter(({ file }) => file.endsWith('.css'))), 2_800, 'lines')
  for (const language of ['en', 'zh'])
    judge(
      `messages, ${language}`,
      sum(web.filter(({ file }) => new RegExp(`^messages/${language}[.-]`).test(file))),
      1_200,
      'lines',
    )
  const ops = linesOf('services/ops/src')
  judge('source of ops', sum(ops), 6_500, 'lines')
  judge('longest file of both', Math.max(...[...web, ...ops].map(({ lines }) => lines)), 250, 'lines')
}

interface SourceFile {
  file: string
  lines: number
}

/** Sources of a folder, without tests and without what is recorded. */
function linesOf(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(tsx?|css)$/.test(file) && !file.includes('.test.'))
    .map((file) => ({ file, lines: readFileSync(join(ROOT, folder, file), 'utf8').split('\n').length - 1 }))
}

const sum = (files: readonly SourceFile[]) => files.reduce((total, { lines }) => total + lines, 0)
