import { NumberField } from '@base-ui/react/number-field';
import { Toggle } from '@base-ui/react/toggle';
import { ToggleGroup } from '@base-ui/react/toggle-group';

interface NumberInputProps {
  label: string;
  unit: string;
  value: number;
  min?: number;
  max: number;
  disabled: boolean;
  onChange: (value: number) => void;
}

/** A whole number within bounds, with its unit and buttons for steps. */
export function NumberInput({ label, unit, value, min = 1, max, disabled, onChange }: NumberInputProps) {
  const id = `field-${label.toLowerCase().replaceAll(' ', '-')}`;
  const step = 'w-9 shrink-0 text-muted hover:bg-sunken hover:text-ink disabled:opacity-50';
  return (
    <NumberField.Root
      id={id}
      value={value}
      min={min}
      max={max}
      disabled={disabled}
      format={{ maximumFractionDigits: 0 }}
      onValueChange={(next) => next !== null && onChange(Math.round(next))}
    >
      <label htmlFor={id} className="mb-1 block text-label font-medium">
        {label} <span className="font-normal text-muted max-sm:sr-only">{unit}</span>
      </label>
      <NumberField.Group className="control flex items-stretch overflow-hidden p-0! focus-within:border-accent data-[disabled]:border-line data-[disabled]:bg-sunken data-[disabled]:text-muted">
        <NumberField.Input className="w-full min-w-0 bg-transparent px-2.5 py-1.5" />
        <NumberField.Decrement className={`${step} border-l border-line`} aria-label={`Decrease ${label}`}>
          −
        </NumberField.Decrement>
        <NumberField.Increment className={`${step} border-l border-line`} aria-label={`Increase ${label}`}>
          +
        </NumberField.Increment>
      </NumberField.Group>
    </NumberField.Root>
  );
}

interface FieldProps {
  id: string;
  label: string;
  hint?: string | undefined;
  children: React.ReactNode;
}

/** A label above a control. The control names the hint's id, `<id>-hint`, in aria-describedby. */
export function Field({ id, label, hint, children }: FieldProps) {
  return (
    <div>
      <label htmlFor={id} className="mb-1 block text-label font-medium">
        {label}
      </label>
      {children}
      {hint && (
        <p id={`${id}-hint`} className="mt-1 text-label text-muted">
          {hint}
        </p>
      )}
    </div>
  );
}

interface SegmentsProps<T extends string> {
  label: string;
  value: T;
  choices: readonly { value: T; label: string; disabled?: boolean }[];
  disabled?: boolean;
  onChange: (value: T) => void;
}

/** A choice of a few values, all visible. */
export function Segments<T extends string>({ label, value, choices, disabled = false, onChange }: SegmentsProps<T>) {
  return (
    <ToggleGroup
      aria-label={label}
      value={[value]}
      disabled={disabled}
      onValueChange={([next]) => next && onChange(next as T)}
      className="segments"
    >
      {choices.map((choice) => (
        <Toggle key={choice.value} value={choice.value} disabled={choice.disabled || disabled} className="segment">
          {choice.label}
        </Toggle>
      ))}
    </ToggleGroup>
  );
}
