import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { type Finding, fetchDiagnosis } from '../api.ts';
import { useShortcuts } from '../hooks/browser.ts';
import { checkName, type DoctorGroup, doctorGroups, doctorWords, isCommand } from '../view/doctorGroups.ts';
import { Command } from './Copy.tsx';
import { StateDot, type Tone } from './Marks.tsx';
import type { ScreenProps } from './Panel.tsx';
import { LoginWanted, PanelState } from './Panel.tsx';

const STATES: Record<Finding['status'], { tone: Tone; word: string }> = {
  ok: { tone: 'good', word: 'OK' },
  warn: { tone: 'warn', word: 'Look' },
  fail: { tone: 'bad', word: 'Failed' },
};

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** What was checked along the path, what is wrong, why, and what mends it. `part` is the area to look at. */
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
      <LoginWanted title="Log in to see what the doctor finds">
        <p>
          It names paths and processes of this machine. The same checks run in a terminal:{' '}
          <Command text="./weir doctor" />
        </p>
      </LoginWanted>
    );
  }
  if (diagnosis.isPending) return <PanelState tone="idle" title="Looking along the path…" />;
  if (!diagnosis.data) {
    return (
      <PanelState tone="bad" title="The console does not answer" action={{ label: 'Look again', act: again }}>
        <p>{diagnosis.error?.message}</p>
        <p>
          The same checks run in a terminal: <Command text="./weir doctor" />
        </p>
      </PanelState>
    );
  }
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
        <p className="text-heading font-semibold" role="status">
          {diagnosis.isFetching ? 'Looking again…' : doctorWords(diagnosis.data)}
        </p>
        <div className="flex items-center gap-3">
          <span className="text-label text-muted">looked at {CLOCK.format(diagnosis.dataUpdatedAt)}</span>
          <button type="button" className="button-plain" onClick={again} disabled={diagnosis.isFetching}>
            Look again
          </button>
        </div>
      </div>
      {diagnosis.isError && (
        <p role="alert" className="rounded-md border border-warn bg-warn-ground px-4 py-2">
          These are the findings of before: {diagnosis.error.message}
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
          {status === null ? 'not looked at' : `${findings.length} ${findings.length === 1 ? 'check' : 'checks'}`}
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
