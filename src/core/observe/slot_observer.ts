/** What is counted of slots that several instances share. */
export interface SlotObserver {
  /** A stream that ran here lost its slot. */
  slotLost(): void;
  /** A request was granted or refused without asking, because what should be asked does not answer. */
  decidedStatically(): void;
}
