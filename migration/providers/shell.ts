import { createRequire } from "module";
import type { dynamic } from "@pulumi/pulumi";

/** What an entrypoint exports; see `migration/entrypoints/`. */
interface Entrypoint {
  readonly check?: (olds: unknown, news: unknown, secrets: object) => Promise<dynamic.CheckResult>;
  readonly diff?: (olds: unknown, news: unknown) => dynamic.DiffResult;
  readonly create: (inputs: unknown, secrets: object) => object | Promise<object>;
  readonly read?: (olds: unknown) => Promise<{ props: object; inputs?: object }>;
  readonly update: (olds: unknown, news: unknown, secrets: object) => object | Promise<object>;
  readonly remove?: (olds: unknown, secrets: object) => Promise<void>;
}

interface Shell extends dynamic.ResourceProvider {
  /** Set in the provider process only, never captured: what is captured ends up in the state. */
  fromConfig?: { redisPassword: string | undefined; forceRemoveShards: unknown };
}

/**
 * A provider whose methods load an entrypoint by path at run time. Pulumi serializes providers into the state and runs
 * that copy: so nothing but this loader is in it, and an edited engine neither changes the state nor runs stale.
 *
 * @param entrypoint - name of a file in `migration/entrypoints/`.
 */
export function shellFor(entrypoint: string): dynamic.ResourceProvider {
  const load = (): Entrypoint => {
    const projectRequire = createRequire(`${process.cwd()}/`);
    projectRequire("ts-node/register/transpile-only");
    return projectRequire(`./migration/entrypoints/${entrypoint}`) as Entrypoint;
  };
  const shell: Shell = {
    configure(this: Shell, { config }) {
      const [redisPassword, forceRemoveShards] = [config.get("redisPassword"), config.get("forceRemoveShards")];
      this.fromConfig = { redisPassword, forceRemoveShards };
      return Promise.resolve();
    },
    async check(this: Shell, olds: unknown, news: unknown) {
      const { check } = load();
      return check ? check(olds, news, { ...this.fromConfig }) : { inputs: news };
    },
    diff(_id, olds: unknown, news: unknown) {
      const { diff } = load();
      return Promise.resolve(diff ? diff(olds, news) : {});
    },
    async create(this: Shell, inputs: unknown) {
      return { id: entrypoint, outs: await load().create(inputs, { ...this.fromConfig }) };
    },
    async read(id, olds: unknown) {
      const { read } = load();
      return { id, ...(read ? await read(olds) : { props: olds as object }) };
    },
    async update(this: Shell, _id, olds: unknown, news: unknown) {
      return { outs: await load().update(olds, news, { ...this.fromConfig }) };
    },
    async delete(this: Shell, _id, olds: unknown) {
      await load().remove?.(olds, { ...this.fromConfig });
    },
  };
  return shell;
}
