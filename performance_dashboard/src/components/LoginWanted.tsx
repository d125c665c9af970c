import { Command } from './Command.tsx';
import { PanelState } from './PanelState.tsx';

/** What stands in the place of something that the console shows or does only after a login. */
export function LoginWanted({ title, children }: { title: string; children?: React.ReactNode }) {
  return (
    <PanelState title={title} action={{ label: 'I am logged in: load again', act: () => window.location.reload() }}>
      {children}
      <p className="text-ink">
        On the machine of the stack, <Command text="./weir dashboard" /> gives a link that logs this browser in.
      </p>
    </PanelState>
  );
}
