/** Runs of `pulumi up` on paper, in a process of their own, and what they have to say. */
import { fork, type ChildProcess } from "node:child_process";
import { bundled } from "./bundled";
import type { News, Order, Request, WrittenRing } from "./up-process";

/** What a run wants of the world around it. */
export interface Listener {
  readonly onState: (state: Extract<News, { kind: "state" }>["state"]) => void;
  readonly onRollOut: (ring: WrittenRing) => void;
  readonly onPassed: (passed: Extract<News, { kind: "passed" }>["passed"]) => void;
}

/** A run that goes on. */
export interface UpRun {
  kill(): void;
  /** @returns whether it was killed before it was over. */
  killAfter(commands: number): Promise<boolean>;
  /** Resolves when it has sent so many more commands, or is over. */
  sends(commands: number): Promise<void>;
  /** Resolves when it is over: why it did not get to its end; undefined when it did. */
  readonly ended: Promise<string | undefined>;
}

/**
 * Runs one after the other. One that got to its end leaves its process to the next, because starting one takes a second of
 * a CPU; after one that failed or was killed there is a new one.
 */
export class UpRunner {
  private child: ChildProcess | undefined;

  /** @param kubeconfig - the cluster that its runs know. */
  constructor(private readonly kubeconfig: string | undefined) {}

  start(order: Order, { onState, onRollOut, onPassed }: Listener): UpRun {
    const child = (this.child ??= launch(this.kubeconfig));
    const tell = (request: Request): void => void child.send(request);
    const counts = new Map<number, () => void>();
    const ended = new Promise<string | undefined>((resolve) => {
      const end = (why: string | undefined) => {
        child.removeAllListeners();
        child.on("error", () => undefined); // told something when it was just killed
        if (why !== undefined) this.stop();
        resolve(why);
      };
      child.on("error", () => undefined);
      child.on("exit", () => end("killed"));
      child.on("message", (message) => {
        const news = message as News;
        if (news.kind === "state") onState(news.state);
        if (news.kind === "passed") onPassed(news.passed);
        if (news.kind === "rollOut") {
          onRollOut(news.ring);
          tell({ kind: "rollingOut" });
        }
        if (news.kind === "counted") counts.get(news.id)?.();
        if (news.kind === "done") end(undefined);
        if (news.kind === "failed") end(news.why);
      });
    });
    tell({ kind: "order", order });
    return {
      kill: () => void child.kill("SIGKILL"),
      killAfter: async (afterCommands) => {
        if (child.connected) tell({ kind: "kill", afterCommands });
        await ended;
        return child.signalCode === "SIGKILL";
      },
      sends: async (commands) => {
        const id = counts.size;
        const sent = new Promise<void>((resolve) => counts.set(id, resolve));
        if (child.connected) tell({ kind: "count", id, commands });
        await Promise.race([sent, ended]);
      },
      ended,
    };
  }

  stop(): void {
    if (this.child?.connected) this.child.disconnect();
    this.child = undefined;
  }
}

const launch = (kubeconfig: string | undefined): ChildProcess =>
  fork(bundled("up-process"), {
    execArgv: [],
    env: { ...process.env, ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }) },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
