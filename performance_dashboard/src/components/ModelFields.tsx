import type { ChosenModel } from '../hooks/useModels.ts';
import { Field } from './Field.tsx';

interface Props {
  chosen: ChosenModel;
  /** What was typed; empty stands for the provider's first. */
  typed: string;
  disabled: boolean;
  onChange: (change: { provider?: string; model: string }) => void;
}

/** Provider and model, as the API lists them. */
export function ModelFields({ chosen: { providers, provider, model }, typed, disabled, onChange }: Props) {
  return (
    <div className="grid grid-cols-2 gap-3">
      <Field id="provider" label="Provider" hint={provider.usable ? undefined : provider.reason}>
        <select
          id="provider"
          className="control"
          value={provider.name}
          disabled={disabled}
          aria-describedby={provider.usable ? undefined : 'provider-hint'}
          onChange={(event) => onChange({ provider: event.target.value, model: '' })}
        >
          {providers.map(({ name, usable }) => (
            <option key={name} value={name} disabled={!usable}>
              {usable ? name : `${name} (not usable now)`}
            </option>
          ))}
        </select>
      </Field>
      <Field id="model" label="Model">
        <input
          id="model"
          className="control"
          value={typed}
          placeholder={model}
          maxLength={200}
          disabled={disabled}
          list="models"
          autoComplete="off"
          onChange={(event) => onChange({ model: event.target.value })}
        />
        <datalist id="models">
          {provider.models.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </Field>
    </div>
  );
}
