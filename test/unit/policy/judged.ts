/** Policies without a CLI: what they report of resources that are made up. */
import type {
  PolicyResource,
  ResourceValidation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";

/** As much of a resource as the policies look at. */
export interface Declared {
  readonly type: string;
  readonly props: object;
  readonly stack?: string;
}

/** @returns the violations that a policy reports, in order. */
export async function judged(
  policy: ResourceValidationPolicy | StackValidationPolicy,
  declared: readonly Declared[],
  config: object = {},
): Promise<readonly string[]> {
  const violations: string[] = [];
  const report = (message: string) => void violations.push(message);
  const getConfig = <T extends object>() => config as T;
  const resources = declared.map(({ type, props, stack = "prod" }, i) => {
    const urn = `urn:pulumi:${stack}::dedup-shards::${type}::r${i}`;
    return { type, props, urn, getConfig } as unknown as PolicyResource & ResourceValidationArgs;
  });
  if ("validateStack" in policy) {
    await policy.validateStack({ resources, getConfig } as unknown as StackValidationArgs, report);
  } else {
    const validate = policy.validateResource as ResourceValidation;
    for (const resource of resources) await validate(resource, report);
  }
  return violations;
}
