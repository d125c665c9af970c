import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { type Finding, fetchDiagnosis, TIME_LOCALE } from '../api.ts';
import { useShortcuts } from '../hooks/browser.ts';
import { checkName, type DoctorGroup, doctorGroups, doctorWords, isCommand } from '../view/doctorGroups.ts';
import { Command } from './Copy.tsx';
import { StateDot, type StateWord } from './Marks.tsx';
import type { ScreenProps } from './Panel.tsx';
import { LoginRequired, PanelState } from './Panel.tsx';

const STATES: Record<Finding['status'], StateWord> = {
  ok: { tone: 'good', word: 'OK' },
  warn: { tone: 'warn', word: 'Warning' },
  fail: { tone: 'bad', word: 'Failed' },
};

const CLOCK = new Intl.DateTimeFormat(TIME_LOCALE, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** The checks along the path: what is wrong, why, and how to fix it. @param part the area to scroll to */
export function Doctor({ config, part }: Pick<ScreenProps, 'config'> & { part: string }) {
  const diagnosis = useQuery({
    queryKey: ['doctor'],
    queryFn: ({ signal }) => fetchDiagnosis(signal),
    enabled: !config.login,
    gcTime: 0,
  });
  const again = () => void diagnosis.refetch();
  useShortcuts([['r', again]]);
  const shown = diagnosis.data !== undefined;
  useEffect(() => {
    if (shown && part) document.getElementById(`checks-${part}`)?.scrollIntoView({ block: 'start' });
  }, [part, shown]);

  if (config.login) {
    return (
      <LoginRequired title="Log in to see the checks">
        <p>
          The results name paths and processes of this machine. To run the checks in a terminal:{' '}
          <Command text="./weir doctor" />
        </p>
      </LoginRequired>
    );
  }
  if (diagnosis.isPending) return <PanelState tone="idle" title="Running the checks…" />;
  if (!diagnosis.data) {
    return (
      <PanelState tone="bad" title="The checks cannot be loaded" action={{ label: 'Run again', act: again }}>
        <p>{diagnosis.error?.message}</p>
        <p>
          To run the checks in a terminal: <Command text="./weir doctor" />
        </p>
      </PanelState>
    );
  }
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
        <p className="text-heading font-semibold" role="status">
          {diagnosis.isFetching ? 'Running again…' : doctorWords(diagnosis.data)}
        </p>
        <div className="flex items-center gap-3">
          <span className="text-label text-muted">checked at {CLOCK.format(diagnosis.dataUpdatedAt)}</span>
          <button type="button" className="button-plain" onClick={again} disabled={diagnosis.isFetching}>
            {' '}
            Run again
          </button>
        </div>
      </div>
      {diagnosis.isError && (
        <p role="alert" className="rounded-md border border-warn bg-warn-ground px-4 py-2">
          These results are old: {diagnosis.error.message}
        </p>
      )}
      {doctorGroups(diagnosis.data).map((group) => (
        <Group key={group.area} group={group} marked={group.area === part} />
      ))}
    </div>
  );
}

function Group({ group: { area, title, findings, status }, marked }: { group: DoctorGroup; marked: boolean }) {
  return (
    <section
      id={`checks-${area}`}
      aria-label={`Checks: ${title}`}
      className={`panel scroll-mt-24 ${marked ? 'outline-2 outline-offset-2 outline-accent' : ''}`}
    >
      <h2 className="flex items-baseline justify-between gap-4 px-4 py-3 font-semibold">
        {title}
        <span className="text-label font-normal text-muted">
          {status === null ? 'not checked' : `${findings.length} ${findings.length === 1 ? 'check' : 'checks'}`}
        </span>
      </h2>
      {findings.length > 0 && (
        <ul className="border-t border-line">
          {findings.map((finding) => (
            <li
              key={finding.id}
              className="grid gap-x-4 gap-y-1 border-b border-line px-4 py-2.5 last:border-b-0 sm:grid-cols-[5rem_minmax(0,1fr)]"
            >
              <span>
                <StateDot {...STATES[finding.status]} />
              </span>
              <div className="min-w-0">
                <p className="flex flex-wrap gap-x-3">
                  <span className="font-medium sm:w-40">{checkName(finding.id)}</span>
                  <span className={`min-w-0 flex-1 basis-60 ${finding.status === 'ok' ? '' : 'font-medium'}`}>
                    {finding.what}
                  </span>
                </p>
                {finding.why && <p className="max-w-[75ch] text-muted sm:ml-43">{finding.why}</p>}
                {finding.fix && (
                  <p className="mt-1 flex flex-wrap items-center gap-2 sm:ml-43">
                    {isCommand(finding.fix) ? <Command text={finding.fix} /> : finding.fix}
                  </p>
                )}
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
