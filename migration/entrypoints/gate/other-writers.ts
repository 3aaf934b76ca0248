import { answersInTime } from "../../adapters/answers-in-time";
import { remarksOn, type WriterRemark } from "../../contract/other-writers-text";
import type { RingVersion } from "../../engines/ports/ring-source";
import type { ConnectionInputs } from "../inputs";
import { openRing } from "../ring-in-force";

/** A preview must not hang on the API server. */
const WITHIN_MS = 5_000;

/** @returns who else owns fields of the ring, in the ConfigMap and in the Deployment, as far as the API server says in time. */
export async function otherWriters(
  connection: ConnectionInputs,
  now: RingVersion | undefined,
): Promise<readonly WriterRemark[]> {
  const { namespace, configMap, deployment } = connection;
  if (now === undefined) return [];
  const ask = async (it: ConnectionInputs) => (await openRing(it)).annotationWriters();
  const [ofAnnotation = []] = await answersInTime([connection], ask, WITHIN_MS);
  return [
    ...remarksOn(`ConfigMap ${namespace}/${configMap}`, now.otherWriters),
    ...remarksOn(`Deployment ${namespace}/${deployment}`, ofAnnotation),
  ];
}

/** @returns a remark as a line of a preview. */
export const warningOf = ({ text, next }: WriterRemark): string =>
  `warning: ${text}. ${next.charAt(0).toUpperCase()}${next.slice(1)}: docs/guides/gitops-and-helm.md.`;
