/** A run of `pulumi up` on paper, in a process of its own, and what it has to say. */
import { fork } from "node:child_process";
import path from "node:path";
import type { Jolt, News, Order, Request } from "./up-process";

/** What a run wants of the world around it. */
export interface Listener {
  readonly onState: (state: Extract<News, { kind: "state" }>["state"]) => void;
  readonly onRollOut: (data: Readonly<Record<string, string>>, epoch: number) => void;
}

/** A run that goes on. */
export interface UpRun {
  kill(): void;
  /** @returns whether it came to that before the run was over. */
  jolt(jolt: Jolt): Promise<boolean>;
  /** Resolves when it is over: why it did not get to its end; undefined when it did. */
  readonly ended: Promise<string | undefined>;
}

export function startUp(order: Order, { onState, onRollOut }: Listener): UpRun {
  const child = fork(path.join(__dirname, "up-process.ts"), {
    execArgv: ["-r", "ts-node/register/transpile-only"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const tell = (request: Request): void => void child.send(request);
  let clockJumped = false;
  let end: { readonly why: string | undefined } = { why: "killed" };
  child.on("message", (message) => {
    const news = message as News;
    if (news.kind === "state") onState(news.state);
    if (news.kind === "rollOut") {
      onRollOut(news.data, news.epoch);
      tell({ kind: "rollingOut" });
    }
    if (news.kind === "clockJumped") clockJumped = true;
    if (news.kind === "done") end = { why: undefined };
    if (news.kind === "failed") end = { why: news.why };
    if (news.kind === "done" || news.kind === "failed") child.disconnect();
  });
  child.on("error", () => undefined); // told something when it was just killed
  tell({ kind: "order", order });
  const ended = new Promise<string | undefined>((resolve) => child.on("exit", () => resolve(end.why)));
  return {
    kill: () => void child.kill("SIGKILL"),
    jolt: async (jolt) => {
      if (child.connected) tell({ kind: "jolt", jolt });
      await ended;
      return clockJumped || child.signalCode === "SIGKILL";
    },
    ended,
  };
}
