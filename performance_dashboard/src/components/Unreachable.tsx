import { useQuery } from '@tanstack/react-query';
import { fetchDiagnosis } from '../api.ts';
import { explainUnreachable } from '../view/explainUnreachable.ts';
import { Command } from './Command.tsx';

/** Why no answer comes, and what to do; asks the console, which sees what a browser hides. */
export function Unreachable({ apiBaseUrl, status }: { apiBaseUrl: string; status: number | null }) {
  const diagnosis = useQuery({
    queryKey: ['diagnosis'],
    queryFn: ({ signal }) => fetchDiagnosis(signal),
    refetchInterval: 3000,
    gcTime: 0,
  });
  const origin = new URL(apiBaseUrl).origin;
  const sameOrigin = origin === window.location.origin;
  const { title, why, steps, offerCertificate } = explainUnreachable(
    { status, origin, sameOrigin },
    // What a console found before it went away itself is no finding any more.
    diagnosis.isPending ? 'pending' : diagnosis.isError ? null : diagnosis.data,
  );
  return (
    <section role="alert" className="rounded-md border border-bad bg-bad-ground px-4 py-3">
      <h2 className="text-heading font-semibold text-bad">{title}</h2>
      <p className="mt-1 max-w-[75ch]">{why}</p>
      <ol className="mt-3 flex flex-col gap-2">
        {offerCertificate && (
          <li>
            Open{' '}
            <a className="font-medium text-accent underline" href={`${origin}/`} target="_blank" rel="noreferrer">
              {origin}
            </a>{' '}
            once and accept the certificate, then come back: this page goes on by itself. Or use the dashboard there.
          </li>
        )}
        {steps.map(({ text, command }) => (
          <li key={command} className="flex flex-wrap items-center gap-x-2 gap-y-1">
            {text} <Command text={command} />
          </li>
        ))}
      </ol>
      <p className="mt-3 text-label text-muted">Trying again every few seconds.</p>
    </section>
  );
}
