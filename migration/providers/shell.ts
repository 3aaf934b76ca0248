import { createRequire } from "module";
import type { dynamic } from "@pulumi/pulumi";

/** See `migration/entrypoints/dispatch.ts`. */
interface Dispatcher {
  readonly dispatch: (
    entrypoint: string,
    method: string,
    args: readonly unknown[],
    config: dynamic.Config | undefined,
  ) => Promise<never>;
}

interface Shell extends dynamic.ResourceProvider {
  /** Set in the provider process only, never captured: what is captured ends up in the state. */
  config?: dynamic.Config;
}

/**
 * A provider whose methods load the program's own code by path at run time. Pulumi serializes providers into the state
 * and runs that copy: so nothing but this loader is in it, and an edited engine neither changes the state nor runs stale.
 * What is known of an entrypoint, and of the config, is in `dispatch`, for the same reason.
 *
 * @param entrypoint - name of a file in `migration/entrypoints/`.
 */
export function shellFor(entrypoint: string): dynamic.ResourceProvider {
  const call = (config: dynamic.Config | undefined, method: string, args: readonly unknown[]): Promise<never> => {
    const projectRequire = createRequire(`${process.cwd()}/`);
    projectRequire("ts-node/register/transpile-only");
    const { dispatch } = projectRequire("./migration/entrypoints/dispatch") as Dispatcher;
    return dispatch(entrypoint, method, args, config);
  };
  const shell: Shell = {
    configure(this: Shell, { config }) {
      this.config = config;
      return Promise.resolve();
    },
    check(this: Shell, ...args) {
      return call(this.config, "check", args);
    },
    diff(this: Shell, ...args) {
      return call(this.config, "diff", args);
    },
    create(this: Shell, ...args) {
      return call(this.config, "create", args);
    },
    read(this: Shell, ...args) {
      return call(this.config, "read", args);
    },
    update(this: Shell, ...args) {
      return call(this.config, "update", args);
    },
    delete(this: Shell, ...args) {
      return call(this.config, "delete", args);
    },
  };
  return shell;
}
