import { Toggle } from '@base-ui/react/toggle';
import { ToggleGroup } from '@base-ui/react/toggle-group';
import type { Theme } from '../hooks/useTheme.ts';

const CHOICES: readonly { theme: Theme; label: string }[] = [
  { theme: 'system', label: 'System' },
  { theme: 'light', label: 'Light' },
  { theme: 'dark', label: 'Dark' },
];

export function ThemeSwitch({ theme, onChange }: { theme: Theme; onChange: (theme: Theme) => void }) {
  return (
    <ToggleGroup
      aria-label="Theme"
      value={[theme]}
      onValueChange={([next]) => next && onChange(next as Theme)}
      className="flex rounded border border-line"
    >
      {CHOICES.map(({ theme: value, label }) => (
        <Toggle
          key={value}
          value={value}
          className="rounded px-2 py-0.5 text-label text-muted hover:text-ink data-[pressed]:bg-sunken data-[pressed]:font-medium data-[pressed]:text-ink"
        >
          {label}
        </Toggle>
      ))}
    </ToggleGroup>
  );
}
