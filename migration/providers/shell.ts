import { createRequire } from "module";
import type { dynamic } from "@pulumi/pulumi";

/** See `migration/entrypoints/dispatch.ts`. */
interface Dispatcher {
  readonly providerOf: (entrypoint: string, config: dynamic.Config) => object;
}

/**
 * A provider that takes its methods from the program's own code, by path, when it is configured, which comes before all
 * else. Pulumi serializes providers into the state, twice for each resource, and runs that copy: so nothing but this
 * loader is in it, and an edited engine neither changes the state nor runs stale. What is known of an entrypoint, and of
 * the config, is in `providerOf`, for the same reason.
 *
 * @param entrypoint - name of a file in `migration/entrypoints/`.
 */
export function shellFor(entrypoint: string): dynamic.ResourceProvider {
  const shell: Pick<dynamic.ResourceProvider, "configure"> = {
    // Done before it returns: Pulumi hands out the provider to others while it waits for this.
    configure({ config }) {
      try {
        const projectRequire = createRequire(`${process.cwd()}/`);
        projectRequire("ts-node/register/transpile-only");
        const { providerOf } = projectRequire("./migration/entrypoints/dispatch") as Dispatcher;
        Object.assign(shell, providerOf(entrypoint, config));
      } catch (error) {
        // Pulumi keeps the provider nevertheless, and takes what it has no method for as done.
        const text = `the program cannot be loaded: run npm ci in its folder, and try again (${String(error)})`;
        const refuse = () => Promise.reject(new Error(text));
        Object.assign(shell, { check: refuse, create: refuse, update: refuse, delete: refuse });
      }
      return Promise.resolve();
    },
  };
  return shell as dynamic.ResourceProvider;
}
