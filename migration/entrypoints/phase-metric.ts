import { Pushgateway, PushgatewayError } from "../adapters/pushgateway";
import { hasWork, PHASES, type Phase } from "../phases";
import { log, STATE_VERSION } from "./inputs";
import { watchEngine } from "./watch-engine";

/** Inputs of the phase as Prometheus sees it. */
export interface PhaseMetricInputs {
  /** Of the Pushgateway. */
  readonly url: string;
  readonly namespace: string;
  readonly phase: Phase;
}

interface Outputs extends PhaseMetricInputs {
  /** Whether the Pushgateway has it. */
  readonly pushed: boolean;
}

const KEYS = ["url", "namespace", "phase"] as const;

/** What the Pushgateway did not take is pushed again. */
export const diff = (olds: Outputs, news: PhaseMetricInputs) => ({
  changes: !olds.pushed || KEYS.some((key) => olds[key] !== news[key]),
});

/**
 * Shows which phase the ring is in: alerts ask for it, on the days between two runs as well. What the jobs of the last
 * migration showed goes when the next one begins, which would seem to have stalled.
 */
export async function update(olds: Partial<Outputs>, inputs: PhaseMetricInputs): Promise<Outputs> {
  watchEngine();
  const { url, namespace, phase } = inputs;
  const gateway = new Pushgateway(url, namespace);
  const pushed = await accepted("the phase is not on the dashboards, the next `pulumi up` tries again", async () => {
    await gateway.push(PHASES.map((it) => ({ metric: "phase", phase: it, value: it === phase ? 1 : 0 })));
    if (hasWork(phase, "plan") || olds.pushed === false) await gateway.forgetSteps();
  });
  const kept = { url, namespace, phase, stateVersion: STATE_VERSION };
  return { ...kept, pushed };
}

/** Takes everything away that is of this stack. */
export async function remove({ url, namespace }: Outputs): Promise<void> {
  const gateway = new Pushgateway(url, namespace);
  await accepted(
    `the figures of ${namespace} stay on the Pushgateway: delete its groups of that namespace`,
    async () => {
      await gateway.forgetSteps();
      await gateway.forget();
    },
  );
}

/** A migration does not wait for a Pushgateway. */
async function accepted(otherwise: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof PushgatewayError)) throw error;
    log(`warning: ${otherwise}: ${error.message}`);
    return false;
  }
}
