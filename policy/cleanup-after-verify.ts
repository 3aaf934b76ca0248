import type { StackValidationPolicy } from "@pulumi/policy";
import { CATCH_UP, gateOf, type Gate } from "./ring-gate";

interface Report {
  readonly mode: string;
  readonly missing: number;
  readonly different: number;
  readonly extra: number;
  readonly at: string;
}

/** What the stack's outputs `verification` and `cutoverAt` say. */
interface Evidence {
  readonly verification?: Report | null | undefined;
  readonly cutoverAt?: string | null | undefined;
}

interface Config {
  readonly stackOutputs?: Evidence;
  /** For stacks whose keys somebody can do without. */
  readonly acceptSample?: boolean;
  readonly maxRepaired?: number;
  readonly minTtlWindowHours?: number;
}

const HOUR_MS = 3_600_000;

/**
 * Both things to know, the verify after the cutover and the time of the cutover, are outputs of resources that the move
 * to cleanup changes: in its preview no resource shows them. So that preview is judged by the stack's outputs from before
 * it, which whoever runs it hands over as config; without them it fails, because a policy that lets pass what it cannot
 * see is none. Afterwards the resources show what the gate itself found, and that is judged.
 */
export const cleanupAfterVerify: StackValidationPolicy = {
  name: "cleanup-after-verify",
  description: "Old copies are deleted only after a clean full verify, and when the TTL window is open.",
  configSchema: {
    properties: {
      stackOutputs: { type: "object" },
      acceptSample: { type: "boolean", default: false },
      maxRepaired: { type: "integer", minimum: 0, default: 0 },
      minTtlWindowHours: { type: "number", minimum: 0, default: 0 },
    },
  },
  validateStack: ({ resources, ...policy }, reportViolation) => {
    const gate = gateOf(resources);
    if (gate?.phase !== "cleanup") return;
    const config = policy.getConfig<Config>();
    const { cutoverAt } = (resources.find(({ type }) => type === CATCH_UP)?.props ?? {}) as Evidence;
    const { verification } = gate as Evidence;
    // What the gate found it found before it opened; the outputs are of some time before, and the gate opens from now on.
    const isDone = Boolean(verification && cutoverAt);
    const evidence = isDone ? { verification, cutoverAt } : (config.stackOutputs ?? {});
    const atMs = isDone ? timeOf(verification?.at) : Date.now();
    [refuseMode(gate, config), refuseVerify(evidence, config), refuseWindow(evidence, gate, config, atMs)]
      .filter((problem) => problem !== undefined)
      .forEach((problem) => reportViolation(problem));
  },
};

/** The gate verifies once more before it opens, in the mode of its settings. */
const refuseMode = ({ settings: { verifyMode } }: Gate, { acceptSample = false }: Config): string | undefined =>
  verifyMode === "full" || acceptSample ? undefined : `verify.mode is "${verifyMode}"; allowed for a cleanup: full.`;

function refuseVerify(
  { verification, cutoverAt }: Evidence,
  { maxRepaired = 0, acceptSample = false }: Config,
): string | undefined {
  if (!verification || !cutoverAt) {
    return (
      "The verify and the cutover are not known in a preview: hand over what they came to, as config. " +
      `pulumi stack output --json | jq '{"cleanup-after-verify": {stackOutputs: {verification, cutoverAt}}}'`
    );
  }
  const { mode, missing, different, extra, at } = verification;
  if (mode !== "full" && !acceptSample) return `The last verify was of a ${mode}; allowed before a cleanup: full.`;
  if (!(timeOf(at) >= timeOf(cutoverAt))) return `The last verify (${at}) is older than the cutover (${cutoverAt}).`;
  const found = missing + different + extra;
  if (found <= maxRepaired) return undefined;
  return `The last verify found ${missing} missing, ${different} different, ${extra} extra keys; allowed: ${maxRepaired}.`;
}

function refuseWindow({ cutoverAt }: Evidence, gate: Gate, config: Config, atMs: number): string | undefined {
  const windowMs = Math.max(gate.settings.ttlWindowMs, (config.minTtlWindowHours ?? 0) * HOUR_MS);
  const opensMs = timeOf(cutoverAt) + windowMs;
  // No time at all has been refused with the verify.
  if (Number.isNaN(opensMs) || opensMs <= atMs) return undefined;
  return `The cutover was at ${cutoverAt}, so the TTL window opens at ${new Date(opensMs).toISOString()}.`;
}

const timeOf = (iso: string | null | undefined): number => Date.parse(iso ?? "");
