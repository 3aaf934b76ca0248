/** `pulumi up` on paper, in a process of its own, so that it can be killed: phases, with the product's entrypoints. */
import { Redis } from "ioredis";
import { HashRing } from "../../migration/ring/ring";
import type { Secrets, SettingsInputs } from "../../migration/entrypoints/inputs";
import { create } from "../../migration/entrypoints/ring-gate";
import { handOver } from "../../migration/operations/hand-over";
import type { CheckedGateInputs } from "../../migration/entrypoints/gate-inputs";
import type { PodMetrics } from "../../migration/adapters/backend-view";
import type { Phase } from "../../migration/phases";
import { PaperStack } from "../integration/paper-stack";

/** What is to be done. */
export interface Order {
  readonly phase: Phase;
  /** The ring in the config: at the end that is the target. */
  readonly shards: readonly string[];
  readonly current: readonly string[];
  readonly target: readonly string[];
  readonly keyPrefix: string;
  readonly urls: Readonly<Record<string, string>>;
  /** Absent: pods are not asked which ring they run. */
  readonly metrics?: PodMetrics;
  /** What the last `up` left in the state. */
  readonly state: CheckedGateInputs | undefined;
  /** What the barrier was passed with last. */
  readonly passed: PaperStack["passed"];
  readonly settings: Partial<SettingsInputs>;
  /** How far the clock of its machine is from that of the shards. */
  readonly clockOffsetMs: number;
  readonly secrets: Secrets;
  /** The name of the stack. */
  readonly stack: string;
  /** What is run: `pulumi up`, the same with `--refresh`, or one of the commands that a message may name. */
  readonly command: "up" | "refresh" | "adopt" | "repair";
  /** The shard that a command names. */
  readonly shard?: string | undefined;
}

/** What it is told. */
export type Request =
  | { readonly kind: "order"; readonly order: Order }
  | { readonly kind: "rollingOut" }
  /** It is killed when it has sent so many more commands to Redis: between any two batches. */
  | { readonly kind: "kill"; readonly afterCommands: number }
  /** It says so when it has: between any two batches as well. */
  | { readonly kind: "count"; readonly id: number; readonly commands: number };

/** What Pulumi writes into the ConfigMap and the Deployment. */
export interface WrittenRing {
  readonly data: Readonly<Record<string, string>>;
  readonly epoch: number;
  /** For which version of the ConfigMap the ring of this epoch is written once more. */
  readonly putBack: string | undefined;
}

/** What happens, in this order; a run that is killed stops somewhere. */
export type News =
  | { readonly kind: "state"; readonly state: CheckedGateInputs }
  | { readonly kind: "rollOut"; readonly ring: WrittenRing }
  | { readonly kind: "passed"; readonly passed: PaperStack["passed"] }
  | { readonly kind: "counted"; readonly id: number }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly why: string };

const tell = (news: News): void => void process.send?.(news);

async function work(order: Order): Promise<void> {
  const stack = stackOf(order);
  const { command, phase, shards, shard, secrets } = order;
  if (command === "repair") return void (await stack.work("verify"));
  if (command === "adopt") {
    if (!stack.state) throw new Error("nothing has been brought up yet");
    return handOver({ gate: stack.state, secrets }, shard, () => undefined);
  }
  if (command === "refresh" && stack.state) await stack.refresh();
  await stack.passGate(phase, shards);
  if (!stack.state) return;
  if (!order.state) await create(stack.state, secrets);
  tell({ kind: "state", state: stack.state });
  await stack.rollOut();
  tell({ kind: "passed", passed: stack.passed });
  await stack.workAll();
}

function stackOf(order: Order): PaperStack {
  const { current, target, keyPrefix, urls, metrics } = order;
  const rings = { current: new HashRing(current), target: new HashRing(target), keyPrefix };
  const servers = new Map(Object.entries(urls).map(([name, url]) => [name, { url }]));
  const rollOut = (data: WrittenRing["data"], epoch: number) => {
    tell({ kind: "rollOut", ring: { data, epoch, putBack: stack.state?.putBack } });
    return new Promise<void>((resolve) => (rollingOut = resolve));
  };
  const stack = new PaperStack({ rings, servers }, { ...(metrics ? { metrics } : {}), rollOut });
  stack.state = order.state;
  stack.passed = order.passed;
  stack.stack = order.stack;
  stack.secrets = order.secrets;
  stack.settings = { ...stack.settings, ...order.settings };
  return stack;
}

/** Commands until this run is killed; the next one knows nothing of it. */
let left = Infinity;
/** Commands that were sent so far, and at which somebody wants to know. */
let sent = 0;
const counting = new Map<number, number>();
type SendCommand = (this: Redis, ...args: Parameters<Redis["sendCommand"]>) => unknown;
const sendCommand: SendCommand = Reflect.get(Redis.prototype, "sendCommand");
Redis.prototype.sendCommand = function (...args) {
  if (left-- === 0) process.kill(process.pid, "SIGKILL");
  sent++;
  for (const [id, at] of counting) {
    if (at > sent) continue;
    counting.delete(id);
    tell({ kind: "counted", id });
  }
  return sendCommand.apply(this, args);
} satisfies SendCommand;

/** What the machine's clock said when this process began: the product's own clock goes on from there by itself. */
const { timeOrigin } = performance;
const { now } = Date;

function setClock(offsetMs: number): void {
  Object.defineProperty(performance, "timeOrigin", { value: timeOrigin + offsetMs, configurable: true });
  Date.now = () => now() + offsetMs;
}

let rollingOut = (): void => undefined;
process.on("message", (message) => {
  const request = message as Request;
  if (request.kind === "rollingOut") rollingOut();
  if (request.kind === "kill") left = request.afterCommands;
  if (request.kind === "count") counting.set(request.id, sent + request.commands);
  if (request.kind !== "order") return;
  left = Infinity;
  counting.clear();
  setClock(request.order.clockOffsetMs);
  work(request.order).then(
    () => tell({ kind: "done" }),
    (error: unknown) => tell({ kind: "failed", why: error instanceof Error ? error.message : String(error) }),
  );
});
process.on("disconnect", () => process.exit());
