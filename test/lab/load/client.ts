/** A client of the backend as the contract wants it: it sends the same claim once more when the first try fails. */
import { Agent, request, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** Longer than the backend takes to say 503. */
const TRY_TIMEOUT_MS = 10_000;
/** Before the second try where no answer said how long to wait. */
const AFTER_NO_ANSWER_MS = 500;

/** A request that is sent once or twice. */
export interface Claim {
  readonly pcsId: string;
  readonly claimId: string;
  readonly body: string;
  /** The life that it asks for; the backend's own by default. */
  readonly ttlMs?: number;
  /** Whether to use a connection of its own, and so, through a Service, any pod. */
  readonly alone?: boolean;
}

export interface Answer {
  readonly answer: "first" | "duplicate";
  readonly stored: Readonly<Record<string, unknown>>;
}

/** What came of a claim. `failedTries`: why, for each try without a final answer. */
export interface Outcome {
  readonly answer?: Answer;
  readonly failedTries: readonly string[];
}

interface Reply {
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  readonly text: string;
}

export class Client {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 128 });

  /** @param baseUrl of the Service */
  constructor(private readonly baseUrl: string) {}

  /** Never throws: a claim whose second try fails has no answer. */
  async submit(claim: Claim): Promise<Outcome> {
    const failedTries: string[] = [];
    for (let tries = 1; ; tries++) {
      let waitMs = AFTER_NO_ANSWER_MS;
      try {
        const { status, retryAfterSeconds, text } = await this.post(claim);
        if (status === 200) return { answer: JSON.parse(text) as Answer, failedTries };
        failedTries.push(`${status} ${text.trim()}`);
        if (retryAfterSeconds !== undefined) waitMs = retryAfterSeconds * 1000;
      } catch (error) {
        failedTries.push((error as Error).message);
      }
      if (tries === 2) return { failedTries };
      await sleep(waitMs);
    }
  }

  private post({ pcsId, claimId, body, ttlMs, alone }: Claim): Promise<Reply> {
    const headers = {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
      "X-Claim-Id": claimId,
      ...(ttlMs === undefined ? {} : { "X-Expires-In-Ms": ttlMs }),
    };
    return new Promise((resolve, reject) => {
      const url = `${this.baseUrl}/submissions/${pcsId}`;
      const agent = alone ? false : this.agent;
      const sent = request(url, { method: "POST", headers, agent, timeout: TRY_TIMEOUT_MS }, (response) => {
        resolve(read(response));
      });
      sent.on("timeout", () => sent.destroy(new Error(`no answer in ${TRY_TIMEOUT_MS} ms`)));
      sent.on("error", reject);
      sent.end(body);
    });
  }
}

async function read(response: IncomingMessage): Promise<Reply> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8") as AsyncIterable<string>) text += chunk;
  const after = Number(response.headers["retry-after"]);
  const retryAfterSeconds = Number.isFinite(after) ? after : undefined;
  return { status: response.statusCode ?? 0, retryAfterSeconds, text };
}
