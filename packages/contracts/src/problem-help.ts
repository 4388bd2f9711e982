import type { ProblemSlug } from './problems.ts'

/** What happened, and what to do about it: the text of the page that a problem's `type` names. */
export const PROBLEM_HELP: Record<ProblemSlug, string> = {
  'invalid-request':
    'A field, a parameter or a header is missing, unknown or out of its range. `errors` names each with a pointer. Correct them and send the request again.',
  'invalid-json':
    'The body could not be read as JSON in UTF-8. Check quotes, commas and brackets, and that the body was sent whole.',
  'idempotency-key-missing':
    'The request makes something that must not be made twice. Send a header `Idempotency-Key` with 16 to 255 characters, such as a UUID, and the same key again when you repeat the request.',
  unauthenticated:
    'No token was sent, or it has expired, or its session has ended. POST /api/v1/session gives a new one. With the old token it is one of the same shopper.',
  'signature-invalid':
    'The webhook was not signed with the secret that the card processor and the shop share, or it is older than five minutes. Check the secret and the clock of the sender.',
  forbidden:
    'The token is valid but of the wrong kind: operators’ requests need an operator’s token, customers’ a customer’s. A change with a cookie must come from a page of the shop itself.',
  'caller-refused':
    'An intention in Consul denies it: the one that calls has shown a certificate, and may not call with it. Only services meet this problem; their own callers get 503.',
  'not-found':
    'Nothing is at this path, or it belongs to another customer. Check the id, the spelling and the case. A path has no slash at its end.',
  'method-not-allowed':
    'The path is there but does not answer this method. The header `Allow` names those that it does.',
  'order-not-ready':
    'The order was accepted a moment ago, or an earlier step is still at work. Send the same request again after the seconds in `Retry-After`.',
  'order-settled':
    'The order has already been completed, cancelled or rejected, so that this step is no longer possible. GET the order to see how it ended.',
  'payment-settled':
    'The payment of this order has already been decided. GET /payments/{order_id} shows how; nothing was charged a second time.',
  'cart-changed':
    'The cart or a price has changed since it was shown, in another tab for instance. GET the cart, and check out with the version and the amount that it has now. Nothing was ordered.',
  'receipt-reused':
    'A delivery with this receipt was booked with another quantity. Use a new receipt for a new delivery. Nothing was booked this time.',
  'request-in-progress':
    'Another request is changing the same thing at this moment, or the first request with this key has not ended. Send the same request again after the seconds in `Retry-After`.',
  'too-many-open-orders':
    'One customer may have a limited number of open orders, and of units that wait for a payment. Pay or cancel one of them, or wait until they are settled.',
  'letter-settled':
    'The dead letter was replayed or discarded before. GET it to see which; there is nothing left to do.',
  'branch-settled':
    'The coordinator decided otherwise about this branch of a two-phase order. Only services meet this problem.',
  'transaction-cancelled':
    'A participant refused, or did not answer in time, so that none of them has done anything. The detail says which. A new request, with a new key, is a new transaction.',
  'event-type-taken':
    'A schema does not change once events were checked against it. Register the new one under the next version: note.taken.v2.',
  'not-possible-here':
    'Processes are started and ended by what runs the shop: the launcher does it for you, Docker Compose does not. The detail has the command to type instead. GET /ops/capabilities lists what can be done.',
  'not-a-participant':
    'A service takes part in transactions where its instances say in the registry by which paths it prepares, confirms and cancels. POST /register with `participant` does that.',
  'unknown-event-type':
    'No schema is registered for this type. The detail lists those that are; POST /event-type adds one.',
  'address-not-allowed':
    'The shop calls what is registered, so it only takes addresses from the ranges in the setting REGISTER_ALLOW of the ops service, and none that one of its own processes listens at. Use another address, or extend the setting.',
  'body-too-large': 'A body may hold 64 KiB, after decompression. Send less at once.',
  'unsupported-media-type': 'Send the body as JSON in UTF-8, with `Content-Type: application/json`.',
  'cart-empty':
    'There is nothing to order: the cart is empty, or it was checked out before. Add an item with POST /cart.',
  'cart-full': 'A cart holds 50 different items, and 999 units of each. Order what is in it first.',
  'duplicate-lines':
    'The same item appears in more than one line. Put its units together in one line; `errors` points to the second.',
  'payment-token-missing':
    'A two-phase order is decided at once, so that it needs its card from the start. Send a `payment_token`.',
  'unknown-item':
    'An item is not in the catalogue, or not any more. `errors` names it. Remove it; the other items can be bought.',
  'idempotency-key-reused':
    'This key was used for a request with other content. Repeat a request unchanged, and use a new key for a new one. Nothing was done this time.',
  'too-many-requests':
    'This shopper, or this address, has sent more requests than one may, in a minute or at once. Wait for the seconds in `Retry-After`.',
  'internal-error':
    'The request met a bug of ours. The log has the cause under the `trace_id` of the answer. With an Idempotency-Key the request can be repeated safely.',
  unavailable:
    'A service or a database that the request needs does not answer. Send it again after the seconds in `Retry-After`, with the same Idempotency-Key.',
  overloaded:
    'More requests came than the shop can answer in time, so it refused this one before it began. Send it again after the seconds in `Retry-After`.',
  'deadline-exceeded':
    'The request was not finished in the time that it had. It may still have been carried out: repeat it with the same Idempotency-Key, or look before you repeat it.',
}
