/** Answers without `X-Gateway-Via`: the guide's first pitfall, in red. */
export function Banner({ apiBaseUrl, mixed }: { apiBaseUrl: string; mixed: boolean }) {
  return (
    <section role="alert" className="rounded-md border border-bad bg-bad-ground px-4 py-3">
      <h2 className="font-semibold text-bad">
        {mixed ? 'Some of these requests bypassed NGINX' : 'These requests bypassed NGINX'}
      </h2>
      <p className="mt-1 max-w-[75ch]">
        Answers from <code className="font-mono break-all">{apiBaseUrl}</code> carry no{' '}
        <code className="font-mono">X-Gateway-Via</code>: they come straight from one instance, so nothing is balanced
        and only that instance's slots count. Leave <code className="font-mono">VITE_API_BASE_URL</code> unset and run{' '}
        <code className="font-mono">./weir start --all</code>: the page then goes through NGINX.
      </p>
    </section>
  );
}
