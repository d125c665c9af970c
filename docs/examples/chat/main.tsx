import { useChat } from '@ai-sdk/react';
import { DefaultChatTransport, type UIMessage } from 'ai';
import { type FormEvent, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

const WEIR = import.meta.env.VITE_WEIR_URL ?? 'https://localhost';
const MODEL = import.meta.env.VITE_MODEL ?? 'fake/demo';
const api = `${WEIR}/api/v1/chat`;

let known: { token: string; until: number } | undefined;

/** A token of the backend, as long as it holds; without one Weir knows users by their address. */
async function headers(): Promise<Record<string, string>> {
  if (!known || known.until < Date.now()) {
    const answer = await fetch('/token', { method: 'POST' });
    if (!answer.headers.get('content-type')?.startsWith('application/json')) return {};
    const { token, expires_in } = await answer.json();
    known = { token, until: Date.now() + (expires_in - 60) * 1000 };
  }
  return { Authorization: `Bearer ${known.token}` };
}

const transport = new DefaultChatTransport({ api, headers, body: { model: MODEL } });

/** Where you have a database: what was said, by chat. */
const stored = (id: string): UIMessage[] => JSON.parse(localStorage.getItem(id) ?? '[]');

function Chat({ id }: { id: string }) {
  const [isCut, setCut] = useState(false);
  const { messages, sendMessage, resumeStream, status, error } = useChat({
    id,
    messages: stored(id),
    transport,
    resume: true,
    onFinish: ({ isDisconnect }) => setCut(isDisconnect),
  });
  useEffect(() => localStorage.setItem(id, JSON.stringify(messages)), [id, messages]);
  // The page stays, and its connection broke: the answer goes on where it was, as soon as there is a way to it. Each
  // try that fails is another error.
  useEffect(() => {
    if (!isCut || !error) return;
    const timer = setTimeout(resumeStream, 500);
    return () => clearTimeout(timer);
  }, [isCut, error, resumeStream]);

  const isBusy = status === 'submitted' || status === 'streaming';
  const stop = async () => fetch(`${api}/${encodeURIComponent(id)}/stop`, { method: 'POST', headers: await headers() });
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    void sendMessage({ text: String(new FormData(form).get('text')) });
    form.reset();
  };
  return (
    <main>
      {messages.map((message) => (
        <article key={message.id} data-role={message.role}>
          {message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('')}
        </article>
      ))}
      <p role="status">{isCut && error ? 'reconnecting' : (error?.message ?? status)}</p>
      <form onSubmit={send}>
        <input name="text" aria-label="Message" required />
        <button type="submit" disabled={isBusy}>
          Send
        </button>
        <button type="button" onClick={stop} disabled={!isBusy}>
          Stop
        </button>
      </form>
    </main>
  );
}

function App() {
  const [chats, setChats] = useState<string[]>(() => JSON.parse(localStorage.getItem('chats') ?? '["chat-1"]'));
  const [open, setOpen] = useState(location.hash.slice(1) || (chats[0] as string));
  useEffect(() => localStorage.setItem('chats', JSON.stringify(chats)), [chats]);
  useEffect(() => {
    location.hash = open;
  }, [open]);
  const begin = () => {
    const id = crypto.randomUUID();
    setChats([...chats, id]);
    setOpen(id);
  };
  return (
    <>
      <nav>
        <button type="button" onClick={begin}>
          New chat
        </button>
        {chats.map((id) => (
          <button type="button" key={id} aria-current={id === open || undefined} onClick={() => setOpen(id)}>
            {stored(id)[0]
              ?.parts.map((part) => (part.type === 'text' ? part.text : ''))
              .join('') || id}
          </button>
        ))}
      </nav>
      <Chat key={open} id={open} />
    </>
  );
}

createRoot(document.getElementById('root') as HTMLElement).render(<App />);
