import { type LoadSnapshot, reportHref } from '../api.ts';

const KINDS = [
  { kind: 'json', word: 'JSON' },
  { kind: 'csv', word: 'CSV' },
  { kind: 'html', word: 'HTML' },
] as const;

/** The report as files: from the console if the run is saved there, else from this page. */
export function RunActions({ id, snapshot }: { id: string | null; snapshot: LoadSnapshot }) {
  if (id === null) {
    return (
      <button type="button" className="button-plain" onClick={() => save(snapshot)}>
        JSON
      </button>
    );
  }
  return <ReportLinks id={id} className="button-plain" />;
}

/** The report of a saved run as files. */
export function ReportLinks({ id, className }: { id: string; className: string }) {
  return KINDS.map(({ kind, word }) => (
    <a key={kind} className={className} href={reportHref(id, kind)} download={`weir-${id}.${kind}`}>
      {word}
    </a>
  ));
}

function save(snapshot: LoadSnapshot): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(snapshot, null, 2)], { type: 'application/json' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: 'weir-load.json' });
  link.click();
  URL.revokeObjectURL(url);
}
