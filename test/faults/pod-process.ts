/** Pods in a process of their own, which can be stopped as the process of a container can. */
import { RetryableError } from "../lab/backend/retryable";
import type { Answer } from "../lab/backend/claims";
import { Pod, type PodOptions, type PodStart } from "./pod";

/** What the process is told; each call is answered once. */
export type PodCall = { readonly call: number; readonly pod: number } & (
  | { readonly kind: "start"; readonly start: PodStart; readonly options: PodOptions }
  | { readonly kind: "claim"; readonly pcsId: string; readonly value: string; readonly ttlMs: number }
  | { readonly kind: "end" }
);

/** What came of a call. */
export interface PodReply {
  readonly call: number;
  readonly answer?: Answer;
  readonly error?: { readonly message: string; readonly isRetryable: boolean };
}

const pods = new Map<number, Promise<Pod>>();

async function work(call: PodCall): Promise<Answer | undefined> {
  if (call.kind === "start") {
    const started = Pod.start(call.start, call.options);
    pods.set(call.pod, started);
    await started;
    return undefined;
  }
  const pod = await pods.get(call.pod);
  if (call.kind === "claim") return pod?.claim(call.pcsId, call.value, call.ttlMs);
  await pod?.end();
  pods.delete(call.pod);
  return undefined;
}

const reply = (message: PodReply): void => void process.send?.(message);

process.on("message", (message) => {
  const call = message as PodCall;
  work(call).then(
    (answer) => reply({ call: call.call, ...(answer ? { answer } : {}) }),
    (error: unknown) => {
      const isRetryable = error instanceof RetryableError;
      reply({ call: call.call, error: { message: String(error), isRetryable } });
    },
  );
});
process.on("disconnect", () => process.exit());
