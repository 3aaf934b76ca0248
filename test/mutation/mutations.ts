/** Every safeguard that is taken out, one at a time, in the order of the table in docs/evidence/safeguards.md. */
import type { Mutation } from "./mutation";
import { CARDS } from "./mutations/cards";
import { CLAIMS } from "./mutations/claims";
import { CONNECTIONS } from "./mutations/connections";
import { DAMAGED_SHARDS } from "./mutations/damaged-shards";
import { DRAINS } from "./mutations/drain";
import { ENGINES } from "./mutations/engines";
import { GUARDS } from "./mutations/guards";
import { PARTS } from "./mutations/parts";
import { PHASES } from "./mutations/phases";
import { PODS } from "./mutations/pods";
import { RING_WRITERS } from "./mutations/ring-writers";
import { SERVERS } from "./mutations/servers";
import { SERVICE } from "./mutations/service";
import { SHARDS } from "./mutations/shards";
import { SUSPECTS } from "./mutations/suspects";
import { VALUES } from "./mutations/values";
import { WRITES } from "./mutations/writes";

export const MUTATIONS: readonly Mutation[] = [
  CLAIMS,
  PHASES,
  PODS,
  VALUES,
  RING_WRITERS,
  WRITES,
  ENGINES,
  DRAINS,
  PARTS,
  SHARDS,
  CARDS,
  SUSPECTS,
  SERVERS,
  CONNECTIONS,
  SERVICE,
  GUARDS,
  DAMAGED_SHARDS,
].flat();
