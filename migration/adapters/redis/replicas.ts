import type { Replies } from "../replies";

/** A replica as its primary describes it. */
export interface Replica {
  /** Such as `online` or `wait_bgsave`. */
  readonly state: string;
  readonly lagSeconds: number;
}

/**
 * Reads the replicas of a server from the fields of INFO: `slave0:ip=…,port=…,state=online,offset=…,lag=0`.
 *
 * @throws UnexpectedReplyError for a lag that is no number.
 */
export function replicasIn(fields: ReadonlyMap<string, string>, replies: Replies): readonly Replica[] {
  const lines = [...fields].flatMap(([name, text]) => (/^slave\d+$/.test(name) ? [text] : []));
  return lines.map((line) => {
    const of = new Map(line.split(",").map((part) => part.split("=") as [string, string]));
    return { state: of.get("state") ?? "unknown", lagSeconds: replies.number(Buffer.from(of.get("lag") ?? "0")) };
  });
}
