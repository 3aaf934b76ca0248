import { GateClosedError } from "./errors";
import type { Clock, Log } from "./runtime";

const POLL_MS = 1_000;
const SAY_EVERY_MS = 10_000;

/** A pod of the backend, terminating ones included: they serve until they are gone. */
export interface BackendPod {
  readonly name: string;
  /** The ring epoch that it was started with; undefined when it was never told one. */
  readonly epoch: number | undefined;
  readonly terminating: boolean;
}

/** What the cluster says about the backend. */
export interface BackendView {
  /** Data of the live ring ConfigMap; undefined when there is none. */
  ring(): Promise<Readonly<Record<string, string>> | undefined>;
  /** All pods of the Deployment that still run. */
  pods(): Promise<readonly BackendPod[]>;
}

/** How long to wait, and for what. */
export interface BarrierSettings {
  readonly epoch: number;
  readonly deadlineMs: number;
  /** No command of a pod that is gone takes effect later than this. */
  readonly commandTimeoutMs: number;
}

/**
 * Waits until no pod, terminating ones included, runs another epoch, and then until no command of a pod that is gone
 * can still land. (The rollout that Pulumi waits for ends while old pods still serve.)
 *
 * @throws GateClosedError at the deadline; it names the pods.
 */
export async function barrier(backend: BackendView, settings: BarrierSettings, clock: Clock, log: Log): Promise<void> {
  const deadline = clock.now() + settings.deadlineMs;
  for (let saidMs = 0; ;) {
    const behind = await podsBehind(backend, settings.epoch);
    if (behind.length === 0) break;
    const names = behind.map(describe).join(", ");
    if (clock.now() > deadline) {
      throw new GateClosedError(
        `barrier: after ${settings.deadlineMs / 1_000}s these backend pods still run another ring epoch than ` +
          `${settings.epoch}: ${names}. Find out what holds them, then run \`pulumi up\` again.`,
      );
    }
    if (clock.now() - saidMs > SAY_EVERY_MS) {
      saidMs = clock.now();
      log(`barrier: waiting for ${names} to give way to epoch ${settings.epoch}`);
    }
    await clock.sleep(POLL_MS);
  }
  await clock.sleep(settings.commandTimeoutMs);
  log(`barrier: every backend pod runs ring epoch ${settings.epoch}`);
}

/** @returns the pods that run another epoch. */
export async function podsBehind(backend: BackendView, epoch: number): Promise<readonly BackendPod[]> {
  return (await backend.pods()).filter((pod) => pod.epoch !== epoch);
}

/** @returns a pod for a message: its name, epoch and whether it is on its way out. */
export const describe = ({ name, epoch, terminating }: BackendPod): string =>
  `${name} (epoch ${epoch ?? "unknown"}${terminating ? ", terminating" : ""})`;
