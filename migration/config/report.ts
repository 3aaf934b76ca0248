/** The config section `report`: where a phase's report is written. */
import { section, text } from "./values";

/** A space at an end is a slip of the pen, of which a folder would be made. */
const DIRECTORY = /^$|^(?!\s)[^\p{Cc}]+(?<!\s)$/u;

export const report = section({
  directory: text(DIRECTORY, "the path of a directory; empty for no files").default("reports"),
});

/** The section as the program uses it. */
export interface ReportConfig {
  /** Seen from the project; empty: no files are written. */
  readonly directory: string;
}
