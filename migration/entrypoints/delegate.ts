import { readFileSync } from "node:fs";
import { CA_FILE, LOGIN_FILE, WORK_FILE } from "../adapters/work-files";
import type { Owner } from "../engines/run/owner";
import type { Run } from "../engines/runtime";
import { addressesOf, log, loginOf, type ConnectionInputs, type JobInputs, type Secrets } from "./inputs";
import { tellWork } from "./source-part";

/** Where the shards are, and whose they must be. */
interface Place {
  readonly connection: ConnectionInputs;
  readonly owner: Owner;
}

/** @returns a run whose sources are worked on in the cluster, by a Job that this one follows. */
export function delegating(run: Run, job: JobInputs, { connection, owner }: Place, secrets: Secrets): Run {
  const { namespace, kubeContext } = connection;
  return {
    ...run,
    delegate: async (work) => {
      const { sources, inOneGo } = work;
      if (sources.length === 0) return;
      // Loaded only where it is needed: the client is slow to start.
      const { EngineJob } = await import("../adapters/engine-job");
      const atOnce = Math.min(job.parallelism, sources.length);
      const told = tellWork(run, work, { addresses: addressesOf(connection), namespace, atOnce, owner });
      log(`${work.name}: by a Job in the cluster, ${sources.length} sources, ${atOnce} at once`);
      const files = {
        [WORK_FILE]: JSON.stringify(told),
        [LOGIN_FILE]: JSON.stringify(loginOf(secrets)),
        ...certificates(),
      };
      await new EngineJob({ ...job, namespace }, kubeContext || undefined).run({ sources, files, inOneGo }, log);
    },
  };
}

/** Who trusts a further certificate authority here does so there as well. */
function certificates(): Readonly<Record<string, string>> {
  const file = process.env["NODE_EXTRA_CA_CERTS"];
  return file ? { [CA_FILE]: readFileSync(file, "utf8") } : {};
}
