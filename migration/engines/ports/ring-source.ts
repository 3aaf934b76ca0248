import type { OtherWriter } from "../../contract/other-writers";
import type { RingData } from "../../contract/ring-config-map";

/** One version of the ring ConfigMap. */
export interface RingVersion {
  /** Undefined: it did not exist. */
  readonly data: RingData | undefined;
  /** Opaque: the API server's name for this version. */
  readonly resourceVersion: string;
  /** Who else owns keys of the ring. */
  readonly otherWriters: readonly OtherWriter[];
}

/** The ring ConfigMap as the API server keeps it, with what became of it. */
export interface RingSource {
  /** `NAMESPACE/NAME`. */
  readonly name: string;
  now(): Promise<RingVersion>;
  /**
   * @returns every version after the one named, the present one last; the present one alone when nothing has been written
   *   since. Undefined when the API server no longer knows what was written since.
   */
  since(resourceVersion: string): Promise<readonly RingVersion[] | undefined>;
  /** Who else owns the annotation that restarts the backend's pods. */
  annotationWriters(): Promise<readonly OtherWriter[]>;
  /** Restarts the backend's pods, one after the other, with this annotation. */
  restart(mark: string): Promise<void>;
}
