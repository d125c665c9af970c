import { BOUNDS, BROWSER_STREAMS, type LoadSettings } from '../view/settings.ts';
import { Field, NumberInput, Segments } from './Field.tsx';

export interface SettingsProps {
  settings: LoadSettings;
  disabled: boolean;
  onChange: (change: Partial<LoadSettings>) => void;
}

type NumberKey = keyof typeof BOUNDS;

/** A numeric setting with its label. */
export function Setting({ of, label, unit = '', most, ...props }: NumberSettingProps) {
  const { settings, disabled, onChange } = props;
  const [least, largest] = BOUNDS[of];
  return (
    <NumberInput
      label={label}
      unit={unit}
      value={settings[of]}
      min={least}
      max={Math.min(largest, most ?? largest)}
      disabled={disabled}
      onChange={(value) => onChange({ [of]: value })}
    />
  );
}

interface NumberSettingProps extends SettingsProps {
  of: NumberKey;
  label: string;
  unit?: string;
  /** A lower maximum than the setting's own. */
  most?: number | undefined;
}

const HINTS: Record<LoadSettings['mode'], string> = {
  concurrency: 'Keeps this many streams open.',
  rate: 'Starts this many requests per second, even if earlier ones have not ended. Latency counts from the scheduled start.',
  limit:
    'Raises the concurrency until more streams only delay the first token. With few users, the search ends at the limit per user.',
};

/** The type of load and its numbers. */
export function ModeFields(props: SettingsProps) {
  const { settings, disabled, onChange } = props;
  const { mode, engine } = settings;
  return (
    <div className="flex flex-col gap-3">
      <Segments
        label="Type of load"
        value={mode}
        disabled={disabled}
        onChange={(next) => onChange({ mode: next })}
        choices={[
          { value: 'concurrency', label: 'Concurrency' },
          { value: 'rate', label: 'Rate' },
          { value: 'limit', label: 'Find the limit' },
        ]}
      />
      <div className="grid grid-cols-2 gap-3">
        {mode === 'concurrency' && (
          <>
            <Setting
              {...props}
              of="concurrency"
              label="Concurrency"
              unit="streams"
              most={engine === 'browser' ? BROWSER_STREAMS : undefined}
            />
            <Setting {...props} of="requests" label="Total requests" />
          </>
        )}
        {mode === 'rate' && (
          <>
            <Setting {...props} of="rate" label="Rate" unit="per s" />
            <Setting {...props} of="durationS" label="Duration" unit="s" />
          </>
        )}
        {mode === 'limit' && (
          <>
            <Setting {...props} of="startConcurrency" label="Start at" unit="streams" />
            <Setting {...props} of="stepS" label="Step" unit="s" />
            {engine === 'server' && <Setting {...props} of="limitUsers" label="Users" />}
          </>
        )}
      </div>
      {mode === 'rate' && (
        <Segments
          label="Arrivals"
          value={settings.arrivals}
          disabled={disabled}
          onChange={(arrivals) => onChange({ arrivals })}
          choices={[
            { value: 'poisson', label: 'Random (Poisson)' },
            { value: 'constant', label: 'Constant' },
          ]}
        />
      )}
      <p className="text-label text-muted">{HINTS[mode]}</p>
    </div>
  );
}

const SLOS: readonly { value: LoadSettings['slo']; label: string }[] = [
  { value: 'none', label: 'None' },
  { value: 'chat', label: 'Chat: TTFT 200 ms, TPOT 50 ms' },
  { value: 'retrieval', label: 'Retrieval: TTFT 300 ms, TPOT 100 ms' },
  { value: 'code', label: 'Code: TTFT 500 ms, TPOT 150 ms' },
];

/** Settings that few runs change. */
export function AdvancedFields(props: SettingsProps & { isFake: boolean }) {
  const { settings, disabled, onChange, isFake } = props;
  const changed = settings.users > 1 || settings.resumable || settings.slo !== 'none' || settings.warmupS > 0;
  return (
    <details className="group border-t border-line pt-3" open={changed || undefined}>
      <summary className="font-medium">Advanced</summary>
      <div className="mt-3 flex flex-col gap-3">
        <Field id="slo" label="Goal (SLO)">
          <select
            id="slo"
            className="control"
            value={settings.slo}
            disabled={disabled}
            onChange={(event) => onChange({ slo: event.target.value as LoadSettings['slo'] })}
          >
            {SLOS.map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </Field>
        <label className="flex items-start gap-2">
          <input
            type="checkbox"
            className="mt-0.5 size-4 accent-accent"
            checked={settings.resumable}
            disabled={disabled}
            onChange={(event) => onChange({ resumable: event.target.checked })}
          />
          <span>
            Resumable streams
            <span className="block text-label text-muted">They continue on another instance if theirs fails.</span>
          </span>
        </label>
        <div className="grid grid-cols-2 gap-3">
          {settings.engine === 'server' && settings.mode !== 'limit' && <Setting {...props} of="users" label="Users" />}
          <Setting {...props} of="warmupS" label="Warm-up" unit="s" />
          {settings.mode === 'rate' && <Setting {...props} of="maxInFlight" label="Maximum" unit="in flight" />}
          {isFake && <Setting {...props} of="tokens" label="Answer" unit="tokens" />}
          {isFake && <Setting {...props} of="tokensPerSecond" label="Speed" unit="tokens/s" />}
        </div>
      </div>
    </details>
  );
}
