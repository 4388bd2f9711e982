import '@fontsource-variable/atkinson-hyperlegible-next/wght.css'
import '@fontsource-variable/atkinson-hyperlegible-mono/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import { StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'
import { QueryClientProvider } from '@tanstack/react-query'
import { BrowserRouter } from 'react-router'
import { App, loadPage } from './app.tsx'
import { preferredLanguage } from './language.ts'
import { messagesOf } from './messages/languages.ts'
import { MessagesProvider } from './messages/messages.tsx'
import { ToastProvider } from './parts/toast.tsx'
import { queryClient } from './query-client.ts'

function show(): void {
  createRoot(document.getElementById('root')!).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
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

// Nothing is shown before there are texts for it: no page begins in the wrong language. Nor before the page has its files:
// React shows what it did not have at first 300 ms after what it showed instead.
Promise.allSettled([messagesOf(preferredLanguage()), loadPage(location.pathname)]).then(show, show)
