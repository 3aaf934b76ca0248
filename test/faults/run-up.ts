/** A run of `pulumi up` on paper, in a process of its own, and what it has to say. */
import { fork, type ChildProcess } from "node:child_process";
import path from "node:path";
import type { News, Order } from "./up-process";

/** What a run wants of the world around it. */
export interface Listener {
  readonly onState: (state: Extract<News, { kind: "state" }>["state"]) => void;
  readonly onRollOut: (data: Readonly<Record<string, string>>, epoch: number) => void;
}

/** A run that goes on. */
export interface UpRun {
  readonly process: ChildProcess;
  /** Resolves when it is over: why it did not get to its end; undefined when it did. */
  readonly ended: Promise<string | undefined>;
}

export function startUp(order: Order, { onState, onRollOut }: Listener): UpRun {
  const child = fork(path.join(__dirname, "up-process.ts"), {
    execArgv: ["-r", "ts-node/register/transpile-only"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  let end: { readonly why: string | undefined } = { why: "killed" };
  child.on("message", (message) => {
    const news = message as News;
    if (news.kind === "state") onState(news.state);
    if (news.kind === "rollOut") {
      onRollOut(news.data, news.epoch);
      child.send("rolling out");
    }
    if (news.kind === "done") end = { why: undefined };
    if (news.kind === "failed") end = { why: news.why };
    if (news.kind === "done" || news.kind === "failed") child.disconnect();
  });
  child.on("error", () => undefined); // told something when it was just killed
  child.send(order);
  const ended = new Promise<string | undefined>((resolve) => child.on("exit", () => resolve(end.why)));
  return { process: child, ended };
}
