import { type LoadSnapshot, reportHref } from '../api.ts';

const KINDS = [
  { kind: 'json', word: 'JSON' },
  { kind: 'csv', word: 'CSV' },
  { kind: 'html', word: 'HTML report' },
] as const;

/** The report as files: from the console where the run is in its history, else what this page has of it. */
export function RunActions({ id, snapshot }: { id: string | null; snapshot: LoadSnapshot | null }) {
  if (id === null) {
    if (snapshot === null) return null;
    return (
      <button type="button" className="button-plain" onClick={() => save(snapshot)}>
        JSON
      </button>
    );
  }
  return (
    <>
      {KINDS.map(({ kind, word }) => (
        <a key={kind} className="button-plain" href={reportHref(id, kind)} download={`weir-${id}.${kind}`}>
          {word}
        </a>
      ))}
    </>
  );
}

function save(snapshot: LoadSnapshot): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(snapshot, null, 2)], { type: 'application/json' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: 'weir-load.json' });
  link.click();
  URL.revokeObjectURL(url);
}
