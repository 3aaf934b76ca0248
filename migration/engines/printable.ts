/** @returns a key for a message: keys are bytes, and what is no printable ASCII is shown escaped. */
export const printable = (key: Buffer): string =>
  key.toString("latin1").replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
