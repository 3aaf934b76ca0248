import axios, { isAxiosError } from "axios";

/** A webhook did not take what it was sent. The message never has the URL, or a part of it: who knows it can send, too. */
export class WebhookError extends Error {
  override readonly name = "WebhookError";
}

/**
 * Sends JSON to a webhook.
 *
 * @param timeoutMs - for all of it.
 * @throws WebhookError for anything but a status from 200 to 299.
 */
export async function postToWebhook(url: string, body: object, timeoutMs = 10_000): Promise<void> {
  // Axios' own timeout begins anew with every byte.
  const signal = AbortSignal.timeout(timeoutMs);
  // A redirect would lead the message to somebody else.
  const options = { signal, maxRedirects: 0, validateStatus: () => true };
  const { status } = await axios.post(url, body, options).catch((error: unknown) => {
    if (signal.aborted) throw new WebhookError(`no answer within ${timeoutMs / 1_000}s`);
    // The message of such an error names the host.
    const code = isAxiosError(error) ? error.code : undefined;
    throw new WebhookError(`no answer: ${code ?? "an error"}`);
  });
  if (status < 200 || status >= 300) throw new WebhookError(`HTTP ${status}`);
}
