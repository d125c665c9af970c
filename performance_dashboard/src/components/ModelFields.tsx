import { type ChosenModel, type ModelChoice, routeWords } from '../view/modelChoice.ts';
import { Field } from './Field.tsx';

interface Props {
  chosen: ChosenModel;
  /** What the user entered; empty: the provider's first model. */
  typed: string;
  disabled: boolean;
  onChange: (change: Partial<ModelChoice>) => void;
}

/** Provider and model, or a route, which chooses both. */
export function ModelFields({ chosen, typed, disabled, onChange }: Props) {
  const { providers, routes, provider, route, model } = chosen;
  const hint = route ? routeWords(route) : provider?.usable === false ? provider.reason : undefined;
  const providerOptions = providers.map((each) => <Choice key={each.name} kind="provider" {...each} />);
  return (
    <div className="grid grid-cols-2 gap-3">
      <div className={route && 'col-span-2'}>
        <Field id="provider" label={routes.length > 0 ? 'Provider or route' : 'Provider'} hint={hint}>
          <select
            id="provider"
            className="control"
            value={route ? `route/${route.name}` : `provider/${provider?.name}`}
            disabled={disabled}
            aria-describedby={hint && 'provider-hint'}
            onChange={(event) => onChange(choiceOf(event.target.value))}
          >
            {routes.length === 0 ? (
              providerOptions
            ) : (
              <>
                <optgroup label="Providers">{providerOptions}</optgroup>
                <optgroup label="Routes">
                  {routes.map((each) => (
                    <Choice key={each.name} kind="route" {...each} />
                  ))}
                </optgroup>
              </>
            )}
          </select>
        </Field>
      </div>
      {provider && (
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
      )}
    </div>
  );
}

function Choice({ kind, name, usable }: { kind: 'provider' | 'route'; name: string; usable: boolean }) {
  return (
    <option value={`${kind}/${name}`} disabled={!usable}>
      {usable ? name : `${name} (unavailable)`}
    </option>
  );
}

/** Names of routes may contain a slash. */
function choiceOf(value: string): ModelChoice {
  const name = value.slice(value.indexOf('/') + 1);
  return value.startsWith('route/')
    ? { provider: '', route: name, model: '' }
    : { provider: name, route: '', model: '' };
}
