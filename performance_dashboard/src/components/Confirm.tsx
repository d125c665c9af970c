import { AlertDialog } from '@base-ui/react/alert-dialog';

interface Props {
  /** Label of the button that opens the dialog. */
  trigger: string;
  triggerClass?: string;
  disabled?: boolean;
  title: string;
  confirm: string;
  onConfirm: () => void;
  children: React.ReactNode;
}

/** Asks before an action that cannot be undone. */
export function Confirm(props: Props) {
  const { trigger, triggerClass = 'button-plain', disabled = false, title, confirm, onConfirm, children } = props;
  return (
    <AlertDialog.Root>
      <AlertDialog.Trigger className={triggerClass} disabled={disabled}>
        {trigger}
      </AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="dialog-backdrop" />
        <AlertDialog.Popup className="dialog">
          <AlertDialog.Title className="text-heading font-semibold">{title}</AlertDialog.Title>
          <AlertDialog.Description render={<div />} className="mt-2 flex flex-col gap-3 text-muted">
            {children}
          </AlertDialog.Description>
          <div className="mt-6 flex flex-wrap gap-2">
            <AlertDialog.Close className="button-stop" onClick={onConfirm}>
              {confirm}
            </AlertDialog.Close>
            <AlertDialog.Close className="button-plain min-h-10!">Cancel</AlertDialog.Close>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
