/** Counts Unicode code points, which is what lengths in the protocol are, of a text that comes in pieces cut anywhere. */
export class CodePointCounter {
  #count = 0;
  #afterHigh = false;

  add(text: string): void {
    let afterHigh = this.#afterHigh;
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      // The second half of a pair was counted with its first.
      if (!(afterHigh && unit >= 0xdc00 && unit <= 0xdfff)) this.#count += 1;
      afterHigh = unit >= 0xd800 && unit <= 0xdbff;
    }
    this.#afterHigh = afterHigh;
  }

  get count(): number {
    return this.#count;
  }
}
