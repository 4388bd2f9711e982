// Runs Jest and gives the tests that failed one more try: node .ci/tests.mjs REPORT COUNTS COMMAND…
// A machine that others use too can be too slow for a test's patience; a fault of ours fails twice.
// REPORT gets every test that failed, and every one that needed its second try; COUNTS gets a line "passed failed".
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

/** More files than this did not fail by bad luck. */
const SECOND_TRY_MAX_FILES = 6
const LINES_PER_FAILURE = 14

const [report, counts, ...command] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'lepton-ci-'))

const first = run('first', [])
const [good, bad] = [true, false].map((isGood) => first.files.filter((file) => isGoodFile(file) === isGood))
const isTriedAgain = bad.length > 0 && bad.length <= SECOND_TRY_MAX_FILES
// The tests of a file that could not be loaded have no names yet.
const byName = bad.flatMap(({ failures }) => failures).every(({ test }) => test !== undefined)
const last = isTriedAgain ? run('second', again(bad)) : { ...first, files: bad }

const failures = last.files.flatMap((file) => file.failures)
// A run that wrote nothing, or ended badly without a failed test, is a failure.
if (last.status !== 0 && failures.length === 0)
  failures.push({ name: command.join(' '), text: `ended with ${String(last.status)}` })
const failed = new Set(failures.map(({ name }) => name))
for (const failure of bad.flatMap((file) => file.failures))
  if (!failed.has(failure.name)) say('failed once, passed at its second try', failure)
for (const failure of failures) say('FAILED', failure)

const counted = isTriedAgain && byName ? [...first.files, ...last.files] : [...good, ...last.files]
const passed = counted.reduce((sum, file) => sum + file.passed, 0)
appendFileSync(counts, `${String(passed)} ${String(failures.length)}\n`)
rmSync(folder, { recursive: true })
process.exitCode = failures.length > 0 ? 1 : 0

function run(name, args) {
  const file = join(folder, name)
  const [program, ...rest] = command
  const reporters = ['default', fileURLToPath(new URL('reporter.mjs', import.meta.url))]
  const { status } = spawnSync(program, [...rest, ...reporters.map((one) => `--reporters=${one}`), ...args], {
    stdio: 'inherit',
    env: { ...process.env, RESULTS_FILE: file },
  })
  return { status, files: resultsIn(file).map(summaryOf) }
}

function again(files) {
  const names = files.flatMap(({ failures }) => failures.map(({ test }) => test))
  const pattern = names.map((name) => name?.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')).join('|')
  return [
    ...(byName ? [`--testNamePattern=^(${pattern})$`] : []),
    '--runTestsByPath',
    ...files.map(({ name }) => name),
  ]
}

function resultsIn(file) {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').map(JSON.parse)
  } catch {
    return []
  }
}

/** A file that could not even be loaded is one failure. */
function summaryOf({ name, hasFailed, message, tests }) {
  const failures = tests
    .filter((test) => test.status === 'failed')
    .map(({ fullName, failureMessages }) => ({
      name: `${name} › ${fullName}`,
      test: fullName,
      text: failureMessages.join('\n'),
    }))
  if (failures.length === 0 && hasFailed) failures.push({ name, text: message })
  return { name, failures, passed: tests.filter((test) => test.status === 'passed').length }
}

function isGoodFile({ failures }) {
  return failures.length === 0
}

function say(what, { name, text }) {
  const lines = stripVTControlCharacters(text)
    .split('\n')
    .filter((line) => line.trim() !== '')
  const where = name.replace(`${process.cwd()}/`, '')
  const shown = lines.slice(0, LINES_PER_FAILURE).map((line) => `    ${line}\n`)
  appendFileSync(report, `${what}: ${where}\n${shown.join('')}`)
}
