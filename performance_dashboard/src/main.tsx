// First, before a library asks for the language.
import './validLanguage.ts';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { loadConfig } from './pageConfig.ts';
import './index.css';

// The component that shows a query also decides when to retry it.
const queries = new QueryClient({ defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false } } });
const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element with the id "root".');
const config = await loadConfig();

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App config={config} />
    </QueryClientProvider>
  </StrictMode>,
);
