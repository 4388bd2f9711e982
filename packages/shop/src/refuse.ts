import { refuserOf } from '@lepton/common/runtime/problem'
import { PROBLEMS } from '@lepton/contracts/problems'

/** Makes a refusal out of one of the shop's problems. */
export const refuse = refuserOf(PROBLEMS)
