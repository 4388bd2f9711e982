// A reporter for Jest that writes a line of JSON for each test file to RESULTS_FILE: also where a command runs Jest twice.
import { appendFileSync } from 'node:fs'

export default class {
  onTestResult(_test, { testFilePath, numFailingTests, testExecError, failureMessage, testResults }) {
    const tests = testResults.map(({ fullName, status, failureMessages }) => ({
      fullName,
      status,
      failureMessages,
    }))
    const hasFailed = numFailingTests > 0 || testExecError !== undefined
    const result = { name: testFilePath, hasFailed, message: failureMessage, tests }
    appendFileSync(process.env.RESULTS_FILE, `${JSON.stringify(result)}\n`)
  }
}
