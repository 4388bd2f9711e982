import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Counts the words that CONTRIBUTING.md asks not to use, in sources, logs and docs. With --list, says where they are.
const WORDS = [
  'whoever',
  'nobody',
  'somebody',
  'told',
  'anew',
  'for ever',
  'meanwhile',
  'under way',
  'lest',
  'mended',
  'stands still',
]
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
const NOT_READ = /^(CHANGELOG\.md|CONTRIBUTING\.md|scripts\/words\.mjs|patches\/)/

const files = execFileSync('git', ['ls-files', '*.ts', '*.tsx', '*.md', '*.mjs', '*.sql', '*.yml'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && !NOT_READ.test(file))
let total = 0
for (const word of WORDS) {
  const pattern = new RegExp(`\\b${word}\\b`, 'i')
  const places = files.flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`  ${file}:${index + 1}: ${line.trim()}`] : [])),
  )
  total += places.length
  process.stdout.write(`${word}: ${places.length}\n`)
  if (process.argv.includes('--list')) process.stdout.write(places.map((place) => `${place}\n`).join(''))
}
process.stdout.write(`${total} in all\n`)
