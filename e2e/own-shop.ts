/** The suite's own shop, for the teardown that Jest loads apart from the set-up. */
const shared = globalThis as { leptonOwnShop?: { stop?: () => Promise<void>; stateDir?: string } }

export const ownShop = (shared.leptonOwnShop ??= {})
