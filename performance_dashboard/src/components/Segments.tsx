import { Toggle } from '@base-ui/react/toggle';
import { ToggleGroup } from '@base-ui/react/toggle-group';

interface Props<T extends string> {
  label: string;
  value: T;
  choices: readonly { value: T; label: string; disabled?: boolean }[];
  disabled?: boolean;
  onChange: (value: T) => void;
}

/** One of a few, all in sight. */
export function Segments<T extends string>({ label, value, choices, disabled = false, onChange }: Props<T>) {
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
