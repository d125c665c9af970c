import type { LoadSettings } from '../view/settings.ts';
import { Field } from './Field.tsx';
import { Setting, type SettingsProps } from './ModeFields.tsx';

const SLOS: readonly { value: LoadSettings['slo']; label: string }[] = [
  { value: 'none', label: 'None' },
  { value: 'chat', label: 'Chat: TTFT 200 ms, TPOT 50 ms' },
  { value: 'retrieval', label: 'Retrieval: TTFT 300 ms, TPOT 100 ms' },
  { value: 'code', label: 'Code: TTFT 500 ms, TPOT 150 ms' },
];

/** What most runs leave as it is. */
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
            <span className="block text-label text-muted">They outlive the death of their instance.</span>
          </span>
        </label>
        <div className="grid grid-cols-2 gap-3">
          {settings.engine === 'server' && settings.mode !== 'limit' && <Setting {...props} of="users" label="Users" />}
          <Setting {...props} of="warmupS" label="Warm-up" unit="s" />
          {settings.mode === 'rate' && <Setting {...props} of="maxInFlight" label="At most" unit="in flight" />}
          {isFake && <Setting {...props} of="tokens" label="Answer" unit="tokens" />}
          {isFake && <Setting {...props} of="tokensPerSecond" label="Speed" unit="tokens/s" />}
        </div>
      </div>
    </details>
  );
}
