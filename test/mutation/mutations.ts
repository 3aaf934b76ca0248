/** Every safeguard that is taken out, one at a time, in the order of the table in docs/safeguards.md. */
import type { Mutation } from "./mutation";
import { CLAIMS } from "./mutations/claims";
import { CONNECTIONS } from "./mutations/connections";
import { DRAINS } from "./mutations/drain";
import { ENGINES } from "./mutations/engines";
import { PARTS } from "./mutations/parts";
import { PHASES } from "./mutations/phases";
import { PODS } from "./mutations/pods";
import { SERVERS } from "./mutations/servers";
import { SERVICE } from "./mutations/service";
import { SHARDS } from "./mutations/shards";
import { WRITES } from "./mutations/writes";

export const MUTATIONS: readonly Mutation[] = [
  CLAIMS,
  PHASES,
  PODS,
  WRITES,
  ENGINES,
  DRAINS,
  PARTS,
  SHARDS,
  SERVERS,
  CONNECTIONS,
  SERVICE,
].flat();
