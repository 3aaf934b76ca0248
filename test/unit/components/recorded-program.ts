/** Runs a piece of a Pulumi program without an engine, and records what it declares. */
import * as pulumi from "@pulumi/pulumi";

/** Marks a secret in what goes to the engine: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go */
const SECRET = "4dabf18193072939515e22adb298388d";

/** One resource as it was registered. */
export interface Declared {
  readonly type: string;
  readonly name: string;
  /** `type name` of the parent, or "" for the stack. */
  readonly parent: string;
  readonly inputs: Record<string, unknown>;
  /** The inputs as they go to the engine, secrets marked. */
  readonly wire: string;
  /** Names of the resources that must be there first, in alphabetical order, components left out. */
  readonly after: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** What the generated request class offers; its types are not exported. */
interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getObject(): { toJavaScript(): Record<string, unknown> };
  getDependenciesList(): string[];
  getRetainondelete(): boolean | undefined;
  getDeletebeforereplace(): boolean;
  getIgnorechangesList(): string[];
  getAdditionalsecretoutputsList(): string[];
  getCustomtimeouts(): { toObject(): { create: string; update: string } } | undefined;
}
interface Monitor {
  registerResource(request: Request, callback: unknown): unknown;
}

/** @returns everything that `program` declares, in alphabetical order of names. */
export async function declaredBy(program: () => unknown): Promise<Declared[]> {
  const inputs = new Map<string, Record<string, unknown>>();
  const requests: Request[] = [];
  await pulumi.runtime.setMocks(
    {
      call: () => ({}),
      newResource: (args) => {
        inputs.set(args.name, args.inputs as Record<string, unknown>);
        return { id: `${args.name}-id`, state: liveState(args) };
      },
    },
    "dedup-shards",
    "test",
  );
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    requests.push(request);
    return register(request, callback);
  };
  await program();
  await pulumi.runtime.disconnect();
  return requests.map((request) => declared(request, inputs)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The API server makes a name where none is given, a uid and a generation. */
function liveState({ name, type, inputs }: pulumi.runtime.MockResourceArgs): Record<string, unknown> {
  const state = inputs as Record<string, unknown>;
  if (!type.startsWith("kubernetes:")) return state;
  return {
    ...state,
    metadata: { name: `${name}-made`, uid: `${name}-uid`, generation: 3, ...(state["metadata"] as object) },
  };
}

function declared(request: Request, inputs: ReadonlyMap<string, Record<string, unknown>>): Declared {
  const custom = (urn: string) => /kubernetes:|command:|pulumi-nodejs:dynamic/.test(urn);
  const timeouts = request.getCustomtimeouts()?.toObject();
  const options = {
    retainOnDelete: request.getRetainondelete() || undefined,
    deleteBeforeReplace: request.getDeletebeforereplace() || undefined,
    ignoreChanges: orUndefined(request.getIgnorechangesList()),
    additionalSecretOutputs: orUndefined(request.getAdditionalsecretoutputsList()),
    timeouts: timeouts?.create ? [timeouts.create, timeouts.update] : undefined,
  };
  return {
    type: request.getType(),
    name: request.getName(),
    parent: nameOf(request.getParent()),
    inputs: plain(inputs.get(request.getName())) as Declared["inputs"],
    wire: JSON.stringify(request.getObject().toJavaScript()),
    after: request.getDependenciesList().filter(custom).map(nameOf).sort(),
    options: Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  };
}

/** @returns the value with every secret in the clear. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if (SECRET in value) return plain((value as { value?: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? "";
const orUndefined = (list: string[]): string[] | undefined => (list.length === 0 ? undefined : list);

/** @returns the resource of that name. */
export function named(resources: readonly Declared[], name: string): Declared {
  const found = resources.find((resource) => resource.name === name);
  if (found === undefined) throw new Error(`${name} is not among ${resources.map((r) => r.name).join(", ")}`);
  return found;
}

/** @returns whether the input of that name goes to the engine as a secret. */
export const isSecretInput = (resource: Declared, input: string): boolean =>
  resource.wire.includes(`"${input}":{"${SECRET}":`);
