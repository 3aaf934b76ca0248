/**
 * What the providers in Pulumi's state call: those of this version of the program, and those that earlier versions have
 * stored there. So what this file takes and returns must stay as it is, whatever else changes.
 */
import { withHelp } from "../help";
import { STATE_VERSION, type Secrets } from "./inputs";

/** What an entrypoint exports; each is a file of this folder. */
interface Entrypoint {
  readonly check?: (olds: unknown, news: unknown, secrets: Secrets) => Promise<object>;
  readonly diff?: (olds: unknown, news: unknown) => object;
  /** Absent: what is new is updated from nothing. A `destroy` that failed may have taken it from a state in mid-migration. */
  readonly create?: (inputs: unknown, secrets: Secrets) => object | Promise<object>;
  readonly read?: (olds: unknown) => Promise<{ props: object; inputs?: object }>;
  readonly update: (olds: unknown, news: unknown, secrets: Secrets) => object | Promise<object>;
  readonly remove?: (olds: unknown, secrets: Secrets) => Promise<void>;
}

/** A call that Pulumi makes of a provider of one resource. */
interface Call {
  readonly name: string;
  readonly entrypoint: Entrypoint;
  readonly args: readonly unknown[];
  readonly secrets: Secrets;
}

const make = ({ create, update }: Entrypoint, inputs: unknown, secrets: Secrets): object | Promise<object> =>
  create ? create(inputs, secrets) : update({}, inputs, secrets);

const METHODS = {
  check: ({ entrypoint, args: [olds, news], secrets }: Call) =>
    entrypoint.check?.(olds, news, secrets) ?? { inputs: news },
  diff: ({ entrypoint, args: [, olds, news] }: Call) => entrypoint.diff?.(olds, news) ?? {},
  create: async ({ name, entrypoint, args: [inputs], secrets }: Call) => ({
    id: name,
    outs: await make(entrypoint, inputs, secrets),
  }),
  read: async ({ entrypoint, args: [id, olds] }: Call) => ({
    id,
    ...((await entrypoint.read?.(olds)) ?? { props: olds }),
  }),
  update: async ({ entrypoint, args: [, olds, news], secrets }: Call) => ({
    outs: await entrypoint.update(olds, news, secrets),
  }),
  delete: ({ entrypoint, args: [, olds], secrets }: Call) => entrypoint.remove?.(olds, secrets),
} as const;

/** Of what a later version noted in the state this one may not know the meaning. @throws Error, which names both versions */
function refuseNewer(olds: unknown): void {
  const { stateVersion = 0 } = Object(olds) as { readonly stateVersion?: number };
  if (stateVersion <= STATE_VERSION) return;
  throw new Error(
    `the stack's state was written by a newer version of this program (state version ${stateVersion}; this one knows ` +
      `${STATE_VERSION}). Nothing has been changed: run the version that wrote it.`,
  );
}

/** The stack's config, secrets in plain. */
interface Config {
  get(key: string): string | undefined;
}

/**
 * @param name - of a file in this folder.
 * @param method - of a dynamic provider; `configure` is none of them.
 * @param args - as Pulumi gives them to the method.
 * @param config - undefined where Pulumi has not told it.
 * @returns what the method must return to Pulumi.
 */
export async function dispatch(
  name: string,
  method: keyof typeof METHODS,
  args: readonly unknown[],
  config: Config | undefined,
): Promise<unknown> {
  const entrypoint = (await import(`./${name}`)) as Entrypoint;
  const secrets = {
    redisPassword: config?.get("redisPassword"),
    redisUserPassword: config?.get("redisUserPassword"),
    redisClientKey: config?.get("redisClientKey"),
    redis: config?.get("redis"),
    metricsToken: config?.get("metricsToken"),
    metricsPassword: config?.get("metricsPassword"),
    grafanaToken: config?.get("grafanaToken"),
    notify: config?.get("notify"),
    forceRemoveShards: config?.get("forceRemoveShards"),
  };
  try {
    // The others are given inputs, which have no version.
    if (method !== "check" && method !== "create") refuseNewer(args[1]);
    return explained(await Promise.resolve<unknown>(METHODS[method]({ name, entrypoint, args, secrets })));
  } catch (error) {
    if (error instanceof Error) error.message = withHelp(error.message);
    throw error;
  }
}

/**
 * @param name - of a file in this folder.
 * @returns the methods of a dynamic provider, but for `configure`, which calls this.
 */
export const providerOf = (name: string, config: Config): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    (Object.keys(METHODS) as (keyof typeof METHODS)[]).map((method) => [
      method,
      (...args: unknown[]) => dispatch(name, method, args, config),
    ]),
  );

/** A check that fails throws nothing: it returns why. */
function explained(result: unknown): unknown {
  const { failures } = Object(result) as { readonly failures?: readonly { readonly reason: string }[] };
  if (failures === undefined) return result;
  const reasons = failures.map((failure) => ({ ...failure, reason: withHelp(failure.reason) }));
  return { ...Object(result), failures: reasons } as unknown;
}
