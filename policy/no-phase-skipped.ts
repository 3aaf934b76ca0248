import type { ResourceValidationPolicy } from "@pulumi/policy";
// The names and their order are the contract with the operator. Which moves are legal is said anew below: a mistake in the
// program's table must not be one here as well.
import { PHASES, type Phase } from "../migration/phases";
import { RING_GATE, type Gate } from "./ring-gate";

/** How far the backend's pods are on their way from the current ring (0) to the target ring (3). */
const PODS: Readonly<Record<Phase, number>> = { stable: 0, plan: 0, copy: 0, dualWrite: 1, cutover: 2, cleanup: 3 };

interface Config {
  readonly allow?: readonly string[];
}

export const noPhaseSkipped: ResourceValidationPolicy = {
  name: "no-phase-skipped",
  description: "The ring goes forward one phase at a time, and back without a jump over a step of the backend.",
  configSchema: {
    properties: {
      // Which `up` did not get to its end, only people know: its move may be taken back by one that looks like a jump.
      allow: { type: "array", items: { type: "string" }, default: [] },
    },
  },
  validateResource: ({ type, props, ...policy }, reportViolation) => {
    if (type !== RING_GATE) return;
    const { phase, ring, cameFrom } = props as Gate;
    const move = `${cameFrom?.phase ?? "nothing"} → ${phase}`;
    const { allow = [] } = policy.getConfig<Config>();
    if (allow.includes(move) || isStep(phase, ring, cameFrom)) return;
    reportViolation(
      `The ring would be in "${phase}", and come from ${cameFrom ? `"${cameFrom.phase}"` : "no phase at all"}. ` +
        `Set migrationPhase to a phase next to the one before. If this takes back an \`up\` that did not get to its ` +
        `end, allow it for this run: {"no-phase-skipped": {"allow": ["${move}"]}}`,
    );
  },
};

function isStep(phase: Phase, ring: Gate["ring"], cameFrom: Gate["cameFrom"]): boolean {
  if (cameFrom === undefined) return phase === "stable" || phase === "plan";
  const forward = PHASES.indexOf(phase) - PHASES.indexOf(cameFrom.phase);
  if (forward === 1) return true;
  // The target ring becomes the current one: the backend notices nothing, if it is the same.
  if (cameFrom.phase === "cleanup" && phase === "stable") return String(ring.shards) === String(cameFrom.targetShards);
  return forward <= 0 && PODS[cameFrom.phase] - PODS[phase] <= 1;
}
