import { newPayment } from '../src/domain.ts'

/** A payment that nothing is known of yet, for tests of decisions. */
export const NO_PAYMENT = newPayment('01890000-0000-7000-8000-000000000001', '2026-01-01T00:00:00.000Z')
