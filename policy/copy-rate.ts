import type { ResourceValidationPolicy } from "@pulumi/policy";
import { CATCH_UP, PRE_COPY, VERIFY, type Settings } from "./ring-gate";

/** Which setting is the rate of what copies: read at the resources that do it, not where it was meant to come from. */
const RATES: Readonly<Record<string, "keysPerSecond" | "catchUpKeysPerSecond">> = {
  [PRE_COPY]: "keysPerSecond",
  [CATCH_UP]: "catchUpKeysPerSecond",
  [VERIFY]: "catchUpKeysPerSecond",
};

/** What both example stacks keep to. */
const DEFAULT_MAX_KEYS_PER_SECOND = 50_000;

export const copyRate: ResourceValidationPolicy = {
  name: "copy-rate",
  description: "Keys are not copied faster than the organisation allows.",
  configSchema: {
    properties: { maxKeysPerSecond: { type: "integer", minimum: 1, default: DEFAULT_MAX_KEYS_PER_SECOND } },
  },
  validateResource: ({ type, props, ...policy }, reportViolation) => {
    const rate = RATES[type];
    if (rate === undefined) return;
    const { maxKeysPerSecond = DEFAULT_MAX_KEYS_PER_SECOND } = policy.getConfig<{ maxKeysPerSecond?: number }>();
    const keysPerSecond = (props.settings as Settings)[rate];
    if (keysPerSecond <= maxKeysPerSecond) return;
    reportViolation(`copy.${rate} is ${keysPerSecond}; allowed: at most ${maxKeysPerSecond} keys/s.`);
  },
};
