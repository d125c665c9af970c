import { BROWSER_STREAMS } from '../view/runPlan.ts';
import { BOUNDS, type LoadSettings } from '../view/settings.ts';
import { NumberInput } from './Field.tsx';
import { Segments } from './Segments.tsx';

export interface SettingsProps {
  settings: LoadSettings;
  disabled: boolean;
  onChange: (change: Partial<LoadSettings>) => void;
}

type NumberKey = keyof typeof BOUNDS;

/** A number of the settings under its label. */
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
  /** Less than the bound of the setting itself. */
  most?: number | undefined;
}

const HINTS: Record<LoadSettings['mode'], string> = {
  concurrency: 'So many at once; each next one starts when one ends.',
  rate: 'So many start every second, whatever became of those before: latency counts from the moment each was due.',
  limit:
    'Steps up until more streams bring later first tokens instead of more tokens. With few users the limit per user ends it first.',
};

/** How the load is made, and its two or three numbers. */
export function ModeFields(props: SettingsProps) {
  const { settings, disabled, onChange } = props;
  const { mode, engine } = settings;
  return (
    <div className="flex flex-col gap-3">
      <Segments
        label="Kind of load"
        value={mode}
        disabled={disabled}
        onChange={(next) => onChange({ mode: next })}
        choices={[
          { value: 'concurrency', label: 'At once' },
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
            <Setting {...props} of="startConcurrency" label="Start with" unit="streams" />
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
            { value: 'poisson', label: 'By chance (Poisson)' },
            { value: 'constant', label: 'Even' },
          ]}
        />
      )}
      <p className="text-label text-muted">{HINTS[mode]}</p>
    </div>
  );
}
