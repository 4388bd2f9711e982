import { expect, it } from '@jest/globals'
import { OWN_PROBLEMS } from '@lepton/common/runtime/problem'
import { PROBLEMS } from '@lepton/contracts/problems'

it('lists every problem of the library, with the same status and title', () => {
  expect(PROBLEMS).toMatchObject(OWN_PROBLEMS)
})
