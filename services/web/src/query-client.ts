import { QueryClient } from '@tanstack/react-query'

/** What the shop has answered. The client asks again by itself where that may help; a second layer would multiply it. */
export const queryClient = new QueryClient({
  defaultOptions: { queries: { retry: false, staleTime: 5_000, refetchOnWindowFocus: true } },
})
