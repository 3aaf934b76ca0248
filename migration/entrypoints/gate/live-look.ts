import { inTime } from "../../adapters/in-time";
import { messageOf } from "../../engines/errors";
import { mayPutBack } from "../../engines/gate/ring-history";
import { otherRing } from "../../engines/gate/ring-put-back-error";
import { rolloutDrift, type LiveRollout, type RolloutDrift } from "../../engines/gate/rollout-drift";
import type { RingVersion } from "../../engines/ports/ring-source";
import { asksPods } from "../../phases";
import type { CheckedGateInputs, GateInputs } from "../gate-inputs";
import type { Failure } from "../gate-refusals";
import { log } from "../inputs";
import { openBackend } from "../open-run";
import { epochIn } from "./live-ring";

/** A preview must not hang on a cluster or on pods that do not answer. */
const ANSWER_WITHIN_MS = 5_000;

const PUT_RIGHT_BY_REFRESH =
  "Run `pulumi up --refresh`, which puts that right: `pulumi up` alone changes nothing where Pulumi's state has not changed. " +
  "If a chart, a manifest or a controller did it, change it there first (docs/guides/gitops-and-helm.md).";

const PUT_RIGHT_BY_RESTART =
  "Wait until the rollout is over. If none is under way, restart the Deployment (`kubectl rollout restart`).";

/** A move, and what the preview has found of the ring that it starts from. */
export interface RingLook {
  /** The state, whose epoch the live ring is not behind. */
  readonly state: CheckedGateInputs;
  readonly news: GateInputs;
  /** The live ring ConfigMap. */
  readonly now: RingVersion;
  /** The epoch that the move leads to. */
  readonly epoch: number;
}

/**
 * Compares the live ConfigMap, the Deployment's annotation and the pods with the state, in every preview and every `up`:
 * Pulumi compares its inputs with its state, so it reports "unchanged" where somebody else changed the objects themselves.
 * (A live ring with a lower epoch is the business of `isBehind`: the move starts from it.) Only reads; what the cluster
 * does not tell holds nothing.
 *
 * @returns why the move may not be made: the number of the epoch stands for another ring, and no gate of this move would
 *   look. Everything else is logged.
 */
export async function lookAtLiveRing(look: RingLook): Promise<Failure | undefined> {
  const { state, news, now } = look;
  const name = `${state.connection.namespace}/${state.connection.configMap}`;
  const other = epochIn(now.data) === state.epoch ? otherRing(name, now, state.data) : undefined;
  if (other !== undefined && !mayPutBack(now.data, state.data) && !asksPods(state.phase, news.phase)) {
    return { property: "migrationPhase", reason: other.message };
  }
  if (other !== undefined) log(`warning: ${other.message}`);
  const rollout = await deploymentDrift(state, news);
  const drift = [...configMapDrift(name, look), ...rollout.template];
  if (drift.length > 0) {
    log(`warning: the live ring is not the one of the stack's state: ${drift.join("; ")}. ${PUT_RIGHT_BY_REFRESH}`);
  }
  for (const text of rollout.pods) log(`warning: ${text}. ${PUT_RIGHT_BY_RESTART}`);
  return undefined;
}

function configMapDrift(name: string, { state, now, epoch }: RingLook): readonly string[] {
  const live = epochIn(now.data);
  if (now.data === undefined) return [`ConfigMap ${name} does not exist`];
  if (live === undefined) return [`ConfigMap ${name} has no ring`];
  return live > state.epoch && live !== epoch
    ? [`ConfigMap ${name} is at ring epoch ${live} instead of ${state.epoch}`]
    : [];
}

async function deploymentDrift(
  { connection, epoch }: CheckedGateInputs,
  { metrics }: GateInputs,
): Promise<RolloutDrift> {
  const observe = async (): Promise<LiveRollout> => {
    const backend = await openBackend(connection, metrics);
    const [templateEpoch, pods] = await Promise.all([backend.templateEpoch(), backend.pods()]);
    return { templateEpoch, pods };
  };
  try {
    return rolloutDrift(epoch, await inTime(observe(), ANSWER_WITHIN_MS));
  } catch (error) {
    log(`which ring epoch the backend's pods run was not compared with the stack's state: ${messageOf(error)}`);
    return { template: [], pods: [] };
  }
}
