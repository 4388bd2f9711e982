/** The card tokens that the simulated processor knows, and how each behaves. */
export const TEST_CARDS = {
  tok_approved: 'approved at once',
  tok_declined: 'declined: insufficient funds',
  tok_slow: 'approved after 3 seconds',
  tok_timeout: 'approved and booked, but the first answer never comes',
  tok_error_after_commit: 'approved and booked, but the first answer is a 500',
  tok_capture_fails: 'approved, but the capture is refused for good',
  tok_webhook_twice: 'approved, and each of its webhooks is sent twice',
  tok_broken: 'refused for good: the processor does not take this card',
  tok_rate_limited: 'approved, but each request is first answered 429 with Retry-After',
  tok_conflict_after_commit:
    'approved and booked, but every answer is a 409: only its books show what was done',
  tok_authorization_lapses: 'approved, but the authorisation has lapsed when it is captured or voided',
  tok_refund_refused_once: 'approved, but the first refund is refused with 402, for good under its key',
} as const
