import { describe, expect, it } from '@jest/globals'
import { PROBLEM_HELP } from '@lepton/contracts/problem-help'
import { PROBLEMS } from '@lepton/contracts/problems'
import { problemPage } from './pages.ts'

describe('the page of a problem', () => {
  it.each(Object.keys(PROBLEMS) as (keyof typeof PROBLEMS)[])(
    'says of %s what happened and what to do',
    (slug) => {
      const page = problemPage(slug)

      expect(page).toContain(PROBLEMS[slug].title)
      expect(page).not.toContain('`')
      // A sentence that explains is longer than the title that it explains.
      expect(PROBLEM_HELP[slug].length).toBeGreaterThan(PROBLEMS[slug].title.length)
      expect(PROBLEM_HELP[slug]).toMatch(/\.$/)
    },
  )
})
