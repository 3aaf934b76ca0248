/** Starts pods in a process of their own, and stops and continues that process. */
import { fork, type ChildProcess } from "node:child_process";
import type { Answer } from "../lab/backend/claims";
import { RetryableError } from "../lab/backend/retryable";
import { bundled } from "./bundled";
import type { PodOptions, PodStart, ServingPod } from "./pod";
import type { PodCall, PodReply } from "./pod-process";

interface Waiting {
  readonly resolve: (answer: Answer | undefined) => void;
  readonly reject: (error: Error) => void;
}

export class PodHost {
  private readonly waiting = new Map<number, Waiting>();
  private calls = 0;
  private pods = 0;

  private constructor(private readonly child: ChildProcess) {
    child.on("message", (message) => this.settle(message as PodReply));
    child.on("exit", () => {
      for (const { reject } of this.waiting.values()) reject(new RetryableError("the pod's process has ended"));
    });
  }

  static launch(): PodHost {
    const child = fork(bundled("pod-process"), {
      execArgv: [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    return new PodHost(child);
  }

  async start(start: PodStart, options: PodOptions): Promise<ServingPod> {
    const pod = this.pods++;
    await this.call({ pod, kind: "start", start, options });
    return {
      claim: async (pcsId, value, ttlMs) => (await this.call({ pod, kind: "claim", pcsId, value, ttlMs })) as Answer,
      end: async () => void (await this.call({ pod, kind: "end" })),
    };
  }

  pause(): void {
    this.child.kill("SIGSTOP");
  }

  resume(): void {
    this.child.kill("SIGCONT");
  }

  stop(): void {
    this.child.kill("SIGKILL");
  }

  private call(call: DistributiveOmit<PodCall, "call">): Promise<Answer | undefined> {
    const id = this.calls++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.child.send({ ...call, call: id });
    });
  }

  private settle({ call, answer, error }: PodReply): void {
    const waiting = this.waiting.get(call);
    this.waiting.delete(call);
    if (error === undefined) waiting?.resolve(answer);
    else waiting?.reject(error.isRetryable ? new RetryableError(error.message) : new Error(error.message));
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
