import '@fontsource-variable/atkinson-hyperlegible-next/wght.css'
import '@fontsource-variable/atkinson-hyperlegible-mono/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import { StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { BrowserRouter } from 'react-router'
import { App } from './app.tsx'
import { preferredLanguage } from './language.ts'
import { messagesOf } from './messages/languages.ts'
import { MessagesProvider } from './messages/messages.tsx'
import { ToastProvider } from './parts/toast.tsx'

// The client asks again by itself where that may help; a second layer would multiply it.
const queries = new QueryClient({
  defaultOptions: { queries: { retry: false, staleTime: 5_000, refetchOnWindowFocus: true } },
})

function show(): void {
  createRoot(document.getElementById('root')!).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <MessagesProvider>
          <Suspense>
            <BrowserRouter>
              <ToastProvider>
                <App />
              </ToastProvider>
            </BrowserRouter>
          </Suspense>
        </MessagesProvider>
      </QueryClientProvider>
    </StrictMode>,
  )
}

// Nothing is shown before there are texts for it: no page begins in the wrong language.
messagesOf(preferredLanguage()).then(show, show)
