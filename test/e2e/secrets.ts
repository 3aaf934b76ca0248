/** Where a secret must not be, in whatever form. */
import { expect } from "chai";

/** @param places - texts by what they are. */
export function expectNowhere(secret: string, places: Readonly<Record<string, string>>): void {
  for (const [place, text] of Object.entries(places)) {
    for (const form of formsOf(secret)) expect(text.includes(form), `${form} in ${place}`).to.equal(false);
  }
}

/** @returns a secret as it is, in JSON, in base64, and in a URL. */
export function formsOf(secret: string): readonly string[] {
  return [secret, JSON.stringify(secret).slice(1, -1), ...inBase64(secret), encodeURIComponent(secret)];
}

/** What a longer text in base64 has of a secret in it, wherever in that text the secret begins. */
function inBase64(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2].map((alignment) => {
    const text = Buffer.concat([Buffer.alloc(alignment), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    // The letters at either end also hold bits of the bytes beside the secret.
    const [first, last] = [Math.ceil((alignment * 8) / 6), Math.floor(((alignment + bytes.length) * 8) / 6)];
    return text.slice(first, last);
  });
}
