/** The stream broke the rules of its own protocol: order, numbering, counts or checksum. */
export class StreamProtocolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StreamProtocolError';
  }
}
