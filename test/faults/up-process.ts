/** A `pulumi up` on paper, in a process of its own, so that it can be killed: one phase, with the product's entrypoints. */
import { HashRing } from "../../migration/ring/ring";
import type { SettingsInputs } from "../../migration/entrypoints/inputs";
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
  readonly metrics: PodMetrics;
  /** What the last `up` left in the state. */
  readonly state: CheckedGateInputs | undefined;
  readonly settings: Partial<SettingsInputs>;
  /** How far the clock of this machine jumps, and after how long. */
  readonly clockJump?: { readonly afterMs: number; readonly byMs: number };
}

/** What happens, in this order; a run that is killed stops somewhere. */
export type News =
  | { readonly kind: "state"; readonly state: CheckedGateInputs }
  | { readonly kind: "rollOut"; readonly data: Readonly<Record<string, string>>; readonly epoch: number }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly why: string };

const tell = (news: News): void => void process.send?.(news);

async function up(order: Order): Promise<void> {
  const { current, target, keyPrefix, urls, metrics, clockJump } = order;
  if (clockJump) setTimeout(() => jump(clockJump.byMs), clockJump.afterMs).unref();
  const rings = { current: new HashRing(current), target: new HashRing(target), keyPrefix };
  const servers = new Map(Object.entries(urls).map(([name, url]) => [name, { url }]));
  const answered = () => new Promise<void>((resolve) => process.once("message", () => resolve()));
  const stack = new PaperStack(
    { rings, servers },
    {
      metrics,
      rollOut: (data, epoch) => {
        tell({ kind: "rollOut", data, epoch });
        return answered();
      },
    },
  );
  stack.state = order.state;
  stack.settings = { ...stack.settings, ...order.settings };
  await stack.passGate(order.phase, order.shards);
  if (stack.state) tell({ kind: "state", state: stack.state });
  await stack.finish();
}

function jump(byMs: number): void {
  const { now } = Date;
  Date.now = () => now() + byMs;
}

process.once("message", (order) => {
  up(order as Order).then(
    () => tell({ kind: "done" }),
    (error: unknown) => tell({ kind: "failed", why: error instanceof Error ? error.message : String(error) }),
  );
});
process.on("disconnect", () => process.exit());
