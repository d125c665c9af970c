import { BROWSER_STREAMS } from '../view/runPlan.ts';
import type { LoadSettings } from '../view/settings.ts';
import { Command } from './Command.tsx';
import { Segments } from './Segments.tsx';

interface Props {
  engine: LoadSettings['engine'];
  /** Whether the console runs tests for this page. */
  canRun: boolean;
  /** Whether it would after a login. */
  login: boolean;
  disabled: boolean;
  onChange: (engine: LoadSettings['engine']) => void;
}

/** Who sends the requests, and what that means for the numbers. */
export function EngineField({ engine, canRun, login, disabled, onChange }: Props) {
  return (
    <div>
      <div className="mb-1 text-label font-medium">Requests come from</div>
      <Segments
        label="Requests come from"
        value={engine}
        disabled={disabled}
        onChange={onChange}
        choices={[
          { value: 'server', label: 'Server', disabled: !canRun },
          { value: 'browser', label: 'This browser' },
        ]}
      />
      <p className="mt-1 text-label text-muted">
        {engine === 'server' && 'A process beside the console: thousands of streams, exact times.'}
        {engine === 'browser' && (
          <>
            <span className="mr-1 rounded-sm border border-warn px-1 font-medium text-warn">
              at most {BROWSER_STREAMS}
            </span>
            A browser opens about {BROWSER_STREAMS} streams at once, and its own queue adds to the time to first token.
            {!canRun && !login && ' The server’s engine is there at the console’s own address.'}
          </>
        )}
      </p>
      {login && (
        <p className="mt-1 text-label text-muted">
          Log in to use the server’s engine and to keep the run: <Command text="./weir dashboard" />
        </p>
      )}
    </div>
  );
}
