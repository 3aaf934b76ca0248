import { shardIdentity } from "../../../components/shard-identity";
import { parseStackConfig, type RawStackConfig, type StackConfig } from "../../../migration/config";

/** Parses as the program does. */
export const parse = (raw: RawStackConfig): StackConfig =>
  parseStackConfig(raw, (name, namespace) => shardIdentity(name, namespace).url);
